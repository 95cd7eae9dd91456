// SPDX-License-Identifier: MIT
// The reader of HTTP/1.1 answers: the same verdict however the bytes are cut, and none where two could differ.
#include <webhook/detail/http1_reader.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

namespace unit_detail_http1_reader {

namespace {

using webhook::detail::Http1Reader;

struct Verdict {
  int status = 0;  // 0: refused, or not complete
  std::string body{};
  std::size_t taken = 0;
  bool over = false, reusable = false, too_large = false;
  bool operator==(const Verdict&) const = default;
};

Verdict verdict_of(Http1Reader& reader, std::size_t taken) {
  const bool complete = reader.complete();
  const bool over = reader.over();
  const bool reusable = reader.reusable();
  const bool too_large = reader.too_large();
  webhook::Response response = reader.response();
  return {complete ? response.status : 0, complete ? response.body : std::string(), taken, over, reusable, too_large};
}

struct Limits {
  std::size_t header = 4096, keep = 64, read = 256;
};

Verdict read(const std::vector<std::string_view>& parts, bool to_head = false, const Limits& limits = {}) {
  Http1Reader reader(limits.header, limits.keep, limits.read);
  reader.reset(to_head);
  std::size_t taken = 0;
  for (const std::string_view part : parts) {
    const std::size_t took = reader.take(part);
    taken += took;
    if (took < part.size()) break;
  }
  return verdict_of(reader, taken);
}

/// Reads it whole, byte by byte, and cut in two at every place: the verdict must be the same.
Verdict read_cut(std::string_view bytes, bool to_head = false, const Limits& limits = {}) {
  const Verdict whole = read({bytes}, to_head, limits);
  std::vector<std::string_view> single;
  for (std::size_t i = 0; i < bytes.size(); ++i) single.push_back(bytes.substr(i, 1));
  const Verdict bytewise = read(single, to_head, limits);
  CHECK(bytewise.status == whole.status);
  CHECK(bytewise.over == whole.over);
  CHECK(bytewise.reusable == whole.reusable);
  CHECK(bytewise.too_large == whole.too_large);
  CHECK(bytewise.body.substr(0, whole.body.size()) == whole.body.substr(0, bytewise.body.size()));
  std::size_t different = 0;
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    const Verdict halves = read({bytes.substr(0, cut), bytes.substr(cut)}, to_head, limits);
    different += halves.status != whole.status || halves.over != whole.over || halves.reusable != whole.reusable;
  }
  CHECK(different == 0);
  return whole;
}

bool refused(std::string_view bytes) {
  CAPTURE(bytes);
  const Verdict verdict = read_cut(bytes);
  return verdict.status == 0 && verdict.over && !verdict.reusable;
}
bool refused_field(const std::string& fields) { return refused("HTTP/1.1 200 OK\r\n" + fields + "\r\n\r\n"); }

}  // namespace

TEST_CASE("an answer ends where its length says, and the connection can be used again") {
  CHECK(read_cut("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc") == Verdict{200, "abc", 41, true, true, false});
  CHECK(read_cut("HTTP/1.1 204\r\n\r\n") == Verdict{204, "", 16, true, true, false});
  CHECK(read_cut("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n").reusable);
  CHECK(read_cut("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", true) == Verdict{200, "", 38, true, true, false});
  CHECK(read_cut("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc").reusable);
  CHECK(read_cut("HTTP/1.1 500 \xC3\xA9\tx\r\ncontent-length:0 \r\n\r\n").reusable);
}

TEST_CASE("an answer in chunks is put together, with extensions and trailers left out") {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n";
  const Verdict verdict = read_cut(head + "2\r\nab\r\nA;name=\"value\"\r\n0123456789\r\n000\r\nX-Trailer: 1\r\n\r\n");
  CHECK(verdict.status == 200);
  CHECK(verdict.body == "ab0123456789");
  CHECK(verdict.reusable);
  CHECK(read_cut(head + "0\r\n\r\n").reusable);
}

TEST_CASE("what comes after an answer is left where it is") {
  const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
  CHECK(read({answer + "HTTP/1.1 200 OK\r\n"}).taken == answer.size());
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n";
  CHECK(read({chunked + "x"}).taken == chunked.size());
  CHECK(read({"HTTP/1.1 204 No Content\r\n\r\nx"}).taken == 27);
}

TEST_CASE("an answer without a length goes on until the connection ends") {
  Http1Reader reader(4096, 64, 256);
  reader.reset(false);
  const std::string bytes = "HTTP/1.1 200 OK\r\n\r\nuntil the end";
  CHECK(reader.take(bytes) == bytes.size());
  CHECK_FALSE(reader.over());
  CHECK(reader.complete());
  reader.end();
  CHECK(reader.over());
  CHECK_FALSE(reader.reusable());
  CHECK(reader.response().body == "until the end");
}

TEST_CASE("a connection is not used again after HTTP/1.0, after close, or after a body that must not be") {
  for (const char* bytes :
       {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive, Close\r\n\r\n",
        "HTTP/1.1 204 X\r\nContent-Length: 5\r\n\r\n", "HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    CAPTURE(bytes);
    const Verdict verdict = read_cut(bytes);
    CHECK(verdict.status != 0);
    CHECK(verdict.over);
    CHECK_FALSE(verdict.reusable);
  }
}

TEST_CASE("interim answers are passed over, 101 is not, and there is an end to them") {
  CHECK(read_cut("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 X\r\nConnection: close\r\n\r\nHTTP/1.1 204 X\r\n\r\n")
            .reusable);
  CHECK(refused("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"));
  CHECK(refused("HTTP/1.1 100 Continue\r\nContent-Length: 4\r\n\r\n"));
  CHECK(refused("HTTP/1.1 103 X\r\nTransfer-Encoding: chunked\r\n\r\n"));
  std::string many;
  for (int i = 0; i < 33; ++i) many += "HTTP/1.1 100 Continue\r\n\r\n";
  CHECK(read_cut(many).too_large);
}

TEST_CASE("a status line that is none is refused, as early as it shows") {
  for (const char* line : {"HTTP/1.1 600 X", "HTTP/1.1 000 X", "HTTP/1.1 099 X", "HTTP/1.1 2000 X", "HTTP/1.1 20 X",
                           "HTTP/1.1 2x0 X", "HTTP/1.1  200 X", "HTTP/1.1 -200 X", "HTTP/1.1", "HTTP/1.1 ",
                           "HTTP/1.2 200 X", "HTTP/2 200", "HTTP/3.1 200 X", "ICY 200 OK", "http/1.1 200 OK",
                           " HTTP/1.1 200 OK", "HTTP/1.1\t200 OK", "HTTP/1.1 200\tOK", "HTTP/1.1 200OK"}) {
    CHECK(refused(std::string(line) + "\r\nContent-Length: 0\r\n\r\n"));
  }
  CHECK(refused("\r\nHTTP/1.1 200 OK\r\n\r\n"));
  CHECK(read({"<"}).over);
  CHECK(read({"HTTP/0"}).over);
  CHECK_FALSE(read({"HTTP/1.1 20"}).over);
  CHECK_FALSE(read({std::string(70000, 'x')}).too_large);
}

TEST_CASE("a line that could be read in two ways is refused") {
  CHECK(refused("HTTP/1.1 200 OK\nContent-Length: 0\n\n"));
  CHECK(refused("HTTP/1.1 200 OK\r\nContent-Length: 0\n\r\n"));
  CHECK(refused("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\n"));
  CHECK(refused_field("X: a\rb"));
  CHECK(refused("HTTP/1.1 200 O\rK\r\n\r\n"));
  CHECK(refused_field(std::string("X: a\0b", 6)));
  CHECK(refused_field("X: a\x7F"));
  CHECK(refused_field("X: a\r\n folded"));
  CHECK(refused_field("X: a\r\n\tfolded"));
  CHECK(refused_field(" X: a"));
  CHECK(refused_field("X : a"));
  CHECK(refused_field("X Y: a"));
  CHECK(refused_field("no colon"));
  CHECK(refused_field(": no name"));
  CHECK(refused_field("HTTP/1.1 200 OK"));
}

TEST_CASE("a length that is malformed, or contradicts another, is refused") {
  for (const char* length : {"-1", "+1", "abc", "", "1 1", "1,1", "3, 3", "0x10", "1e1", "9999999999999999"}) {
    CHECK(refused_field("Content-Length: " + std::string(length)));
  }
  CHECK(refused_field("Content-Length: 3\r\nContent-Length: 4"));
  CHECK(refused_field("Content-Length: 3\r\nTransfer-Encoding: chunked"));
  CHECK(refused_field("Transfer-Encoding: chunked\r\nContent-Length: 3"));
  CHECK(refused_field("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"));
  for (const char* coding : {"gzip", "gzip, chunked", "chunked, chunked", "identity", "xchunked", "chunked;q=1", ""}) {
    CHECK(refused_field("Transfer-Encoding: " + std::string(coding)));
  }
  CHECK(refused("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
}

TEST_CASE("a header block over its limits is too large, and no more of it is read") {
  const auto answer = [](std::size_t size) {
    const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Fill: ";
    return head + std::string(size - head.size() - 4, 'x') + "\r\n\r\n";
  };
  CHECK(read({answer(4096)}).status == 200);
  CHECK(read({answer(4097)}).too_large);
  CHECK(read_cut("HTTP/1.1 200 OK\r\nX: " + std::string(200, 'x'), false, {128, 1, 1}).too_large);
  std::string fields;
  for (int i = 0; i < 257; ++i) fields += "a:b\r\n";
  CHECK(read({"HTTP/1.1 200 OK\r\n" + fields}).too_large);
}

TEST_CASE("what is wrong with a body, or too much of it, only ends the connection") {
  const std::string head = "HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const char* chunks :
       {"x\r\n", "\r\n", "-1\r\n", "1 \r\na\r\n", "1\na\r\n", "1\r\nab\r\n", "1\r\na\n", "ffffffffffffffff\r\n",
        "0\r\nno colon\r\n\r\n", "0\r\n folded: x\r\n\r\n", "1;\x01\r\n"}) {
    CAPTURE(chunks);
    const Verdict verdict = read_cut(head + chunks);
    CHECK(verdict.status == 202);
    CHECK(verdict.over);
    CHECK_FALSE(verdict.reusable);
  }
  const Verdict sized = read({"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x')});
  CHECK(sized == Verdict{200, std::string(64, 'x'), sized.taken, true, false, false});
  std::string drops = head;
  for (int i = 0; i < 2000; ++i) drops += "1;" + std::string(100, 'e') + "\r\nx\r\n";
  const Verdict padded = read({drops});
  CHECK(padded.over);
  CHECK(padded.taken < 8192);
  std::string trailers = head + "0\r\n";
  for (int i = 0; i < 2000; ++i) trailers += "X-Trailer: x\r\n";
  CHECK(read({trailers}).over);
}

TEST_CASE("a reader is ready for the next answer after reset, whatever the last one was") {
  Http1Reader reader(4096, 64, 256);
  for (const char* bytes :
       {"HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\nab",
        "nonsense", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n"}) {
    reader.reset(true);
    reader.take(bytes);
    reader.reset(false);
    CHECK_FALSE(reader.started());
    reader.take("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    CHECK(verdict_of(reader, 0) == Verdict{200, "ok", 0, true, true, false});
  }
}

}  // namespace unit_detail_http1_reader
