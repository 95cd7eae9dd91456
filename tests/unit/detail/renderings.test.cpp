// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <webhook/detail/renderings.hpp>

namespace unit_detail_renderings {
using webhook::Bytes;
using webhook::Event;
using webhook::Rendering;
using webhook::detail::Renderings;

namespace {
struct Counting {
  int* rendered = nullptr;
  bool fails = false;
  Rendering render(const Event&, std::string_view format) const {
    ++*rendered;
    if (fails) throw 42;
    return {{}, Bytes(format)};
  }
};
}  // namespace

TEST_CASE("an event is rendered once for each format, while somebody holds the rendering") {
  int rendered = 0;
  const Counting serializer{&rendered};
  Renderings renderings;
  const Event event, other;
  auto first = renderings.of(serializer, event, "json");
  auto second = renderings.of(serializer, event, "json");
  CHECK(first == second);
  CHECK(rendered == 1);
  CHECK(renderings.of(serializer, event, "xml")->body.view() == "xml");
  CHECK(renderings.of(serializer, other, "json") != first);
  CHECK(rendered == 3);

  renderings.release(event, "json", std::move(first));
  CHECK(renderings.of(serializer, event, "json") == second);
  CHECK(rendered == 3);
  renderings.release(event, "json", std::move(second));
  CHECK(renderings.of(serializer, event, "json") != nullptr);
  CHECK(rendered == 4);
}

TEST_CASE("a rendering that failed is tried again") {
  int rendered = 0;
  Renderings renderings;
  const Event event;
  for (int i = 1; i <= 2; ++i) {
    CHECK_THROWS_AS(renderings.of(Counting{&rendered, true}, event, "json"), int);
    CHECK(rendered == i);
  }
  CHECK(renderings.of(Counting{&rendered}, event, "json")->body.view() == "json");
}

}  // namespace unit_detail_renderings
