// error: webhook: Dispatcher's serializer \(2nd argument\) does not satisfy webhook::SerializerPolicy: it lacks .render\(event, format\) const., which returns a Rendering
#include <webhook/webhook.hpp>

struct Hieroglyphs {
  using role = webhook::role::serializer;
  bool renders(std::string_view) const { return true; }
  std::string render(const webhook::Event&, std::string_view) const { return {}; }
};

int main() { webhook::Dispatcher<webhook::CurlTransport, Hieroglyphs> hooks; }
