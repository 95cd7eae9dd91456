// SPDX-License-Identifier: MIT
#include <webhook/serializer/formats.hpp>
#include <webhook/serializer/gzip.hpp>
#include <webhook/serializer/json.hpp>
#include <webhook/serializer/xml.hpp>

int main() {
  const webhook::Gzip<webhook::Formats<webhook::JsonSerializer, webhook::XmlSerializer>> formats;
  webhook::Event event;
  event.type = "order.created";
  event.payload = formats.encode(nlohmann::json{{"a", "1"}, {"b", "2"}});
  const webhook::Rendering rendering = formats.render(event, "xml+gzip");
  webhook::Request request;
  request.headers = rendering.headers;
  request.body = rendering.body;
  webhook::Event received;
  return formats.read(request, received).at("a") == "1" && received.type == event.type ? 0 : 1;
}
