// SPDX-License-Identifier: MIT
// XmlSerializer: events as XML, and back. Writing is ours (elements, text, five escapes); reading is Expat's (MIT): it is
// strict where pugixml and TinyXML-2 are lenient, checks UTF-8, bounds itself, needs no tree of its own, and lets a
// document type declaration be refused before an entity exists. A host that includes this links webhook::xml (or -lexpat).
#ifndef WEBHOOK_SERIALIZER_XML_HPP
#define WEBHOOK_SERIALIZER_XML_HPP

#include <string_view>

#include "../concepts.hpp"
#include "../detail/envelope.hpp"
#include "../detail/expat_reader.hpp"
#include "../detail/media_type.hpp"
#include "../detail/xml_writer.hpp"
#include "../error.hpp"
#include "json_text.hpp"

namespace webhook {
inline namespace v0 {

/// Writes events as XML: "xml" is <event> with id, type, timestamp and data; "xml-bare" is <data> alone. Payloads are
/// JSON, as JsonSerializer encodes them; their numbers are copied digit by digit. Members are elements, elements of
/// arrays are <item>, and there are no attributes. What XML has no way to write is escaped as _xHHHH_, in names and text.
/// XML carries text only: null, "", [] and {} all arrive as "", and an object whose only member is "item" as a list;
/// decode() undoes what the type of the host tells. Thread-safe.
class XmlSerializer : public detail::TextSerializer {
 public:
  /// True for "xml" (and ""), and for "xml-bare".
  bool renders(std::string_view format) const noexcept {
    return format.empty() || format == "xml" || format == "xml-bare";
  }

  /// Throws Error: errc::invalid_payload for a payload that is no JSON, errc::unsupported for a format that renders()
  /// denies.
  Rendering render(const Event& event, std::string_view format) const {
    if (!renders(format)) {
      throw Error(errc::unsupported, "this serializer knows the formats \"xml\" and \"xml-bare\" only");
    }
    const bool bare = format == "xml-bare";
    detail::XmlWriter writer(bare ? "data" : "event");
    detail::walk_event(event, bare, writer);
    return {{{"content-type", "application/xml; charset=utf-8"}}, Bytes(writer.take())};
  }

  /// Readable, if the Content-Type says application/xml, text/xml or anything that ends with +xml.
  Recognition recognises(const Request& request) const {
    return detail::is_xml_type(detail::media_type(request.headers)) ? Recognition::readable : Recognition::no;
  }

  /// Reads a document of any root: text, an object of its elements, or a list; all values are text. A stranger's
  /// attributes are members "@name", and text beside them "#text". An envelope is opened as JsonSerializer does.
  /// Throws Error: errc::invalid_payload for what is not well-formed, has a document type declaration, nests more than
  /// 514 levels deep or has more than 100,000 elements; errc::unsupported if it is compressed.
  Value read(const Request& request, Event& event) const {
    detail::refuse_encoded(request.headers);
    return detail::open_envelope(detail::ExpatReader<Value>::read(request.body.view()), event);
  }
};

static_assert(SerializerPolicy<XmlSerializer> && Recognises<XmlSerializer> && Filters<XmlSerializer> &&
              Encodes<XmlSerializer, nlohmann::json> && Decodes<XmlSerializer, nlohmann::json>);

}  // namespace v0
}  // namespace webhook

#endif
