// SPDX-License-Identifier: MIT
// PostgreSQL behind three small types: parameters, an answer, and a connection that closes itself; all in binary,
// without anything that lives in a session. SQLSTATEs become webhook::Error here and nowhere else. It knows no table of
// the store.
#ifndef WEBHOOK_DETAIL_POSTGRES_CONNECTION_HPP
#define WEBHOOK_DETAIL_POSTGRES_CONNECTION_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <libpq-fe.h>
#include <poll.h>
#include <unistd.h>

#include "../error.hpp"
#include "../time.hpp"
#include "postgres_parameters.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// An Error that remembers the server's own code; "" if the connection was lost.
class PostgresError : public Error {
 public:
  PostgresError(errc what, const std::string& sentence, std::string state)
      : Error(what, sentence), sqlstate(std::move(state)) {}
  std::string sqlstate;

  /// Whether the same call, once more, may simply succeed: a deadlock, or a row that moved.
  bool may_repeat() const noexcept { return sqlstate.size() == 5 && sqlstate.compare(0, 2, "40") == 0; }
};

/// What a SQLSTATE means to whoever called the store.
inline errc postgres_errc(std::string_view state) noexcept {
  const std::string_view family = state.substr(0, 2);
  if (state == "WH001") return errc::not_found;
  if (state == "WH002") return errc::conflict;
  if (state == "WH003" || state == "53100") return errc::full;
  if (state == "WH004" || state == "42501" || family == "28" || family == "0A") return errc::unsupported;
  if (state == "40003") return errc::unknown_commit;
  if (state == "25006" || state == "25P03" || state == "55P03") return errc::transient;  // a standby, a timeout
  if (family == "08" || family == "40" || family == "53" || family == "57" || family == "58" || family == "3D")
    return errc::transient;
  if (family == "54") return errc::too_large;
  return errc::corrupt;  // what cannot be unless somebody changed the tables
}

/// An answer, in binary.
class PostgresAnswer {
 public:
  PostgresAnswer() = default;
  explicit PostgresAnswer(PGresult* result) noexcept : result_(result) {}

  explicit operator bool() const noexcept { return result_ != nullptr; }
  ExecStatusType status() const noexcept { return PQresultStatus(result_.get()); }
  std::string field(int which) const {
    const char* const text = PQresultErrorField(result_.get(), which);
    return text == nullptr ? std::string() : std::string(text);
  }

  int rows() const noexcept { return PQntuples(result_.get()); }
  bool is_null(int row, int column) const noexcept { return PQgetisnull(result_.get(), row, column) != 0; }
  std::string_view bytes(int row, int column) const noexcept {
    return {PQgetvalue(result_.get(), row, column), static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
  }
  /// A bigint, integer, smallint or boolean.
  std::int64_t integer(int row, int column) const noexcept { return postgres_integer(bytes(row, column)); }
  /// An array of integers without nulls.
  std::vector<std::int64_t> integers(int row, int column) const { return postgres_integers(bytes(row, column)); }

 private:
  struct Clear {
    void operator()(PGresult* result) const noexcept { PQclear(result); }
  };
  std::unique_ptr<PGresult, Clear> result_{};
};

[[noreturn]] inline void throw_postgres(const PostgresAnswer& answer) {
  const std::string state = answer.field(PG_DIAG_SQLSTATE);
  const bool ours = state.compare(0, 2, "WH") == 0;
  const std::string said = answer.field(PG_DIAG_MESSAGE_PRIMARY);
  const std::string& sentence = ours ? said : "PostgreSQL answered: " + said + " (" + state + ")";
  throw PostgresError(postgres_errc(state), sentence, state);
}

/// One connection. Used by one thread at a time.
class PostgresConnection {
 public:
  /// Throws errc::transient where nobody answers, errc::unsupported where the server refuses who asks.
  PostgresConnection(const std::string& where, Duration timeout) : timeout_(timeout) {
    // The host's own words about these win: they come later. A server that vanished must not hold anybody for minutes.
    const char* const names[] = {"connect_timeout",
                                 "keepalives_idle",
                                 "tcp_user_timeout",
                                 "dbname",
                                 "fallback_application_name",
                                 "client_encoding",
                                 nullptr};
    const char* const values[] = {"5", "15", "20000", where.c_str(), "webhook", "UTF8", nullptr};
    connection_.reset(PQconnectdbParams(names, values, 1));
    if (connection_ == nullptr) throw std::bad_alloc();
    if (PQstatus(connection_.get()) != CONNECTION_OK) {
      const std::string said = PQerrorMessage(connection_.get());
      const bool refused = PQconnectionNeedsPassword(connection_.get()) != 0 || PQconnectionUsedPassword(get()) != 0;
      throw PostgresError(
          refused && said.find("authentication") != std::string::npos ? errc::unsupported : errc::transient,
          "PostgreSQL could not be reached: " + trimmed(said), "");
    }
    PQsetnonblocking(connection_.get(), 1);
    PQsetNoticeProcessor(
        connection_.get(), [](void*, const char*) {}, nullptr);
    keep_memory();
  }

  PGconn* get() const noexcept { return connection_.get(); }

  /// Whether it may be used again. One that a server closed meanwhile is not.
  bool is_whole() const noexcept {
    if (broken_ || PQstatus(get()) != CONNECTION_OK || PQtransactionStatus(get()) != PQTRANS_IDLE) return false;
    pollfd socket{PQsocket(get()), POLLIN, 0};
    if (poll(&socket, 1, 0) == 0) return true;  // an idle server says nothing
    return PQconsumeInput(get()) == 1 && PQstatus(get()) == CONNECTION_OK;
  }

  /// Runs one statement to its end. Throws PostgresError: `lost` if the connection is lost, or nobody answers in time.
  PostgresAnswer run(const std::string& sql, const PostgresParameters& with, errc lost) {
    const auto end = std::chrono::steady_clock::now() + timeout_;
    if (PQsendQueryParams(get(), sql.c_str(), with.count(), with.types(), with.values(), with.lengths(), with.formats(),
                          1) != 1) {
      fail(errc::transient);  // nothing was sent
    }
    for (int unsent = 1; unsent != 0;) {
      unsent = PQflush(get());
      if (unsent < 0) fail(lost);
      if (unsent > 0) wait(POLLIN | POLLOUT, end, lost);
    }
    PostgresAnswer last;
    for (;;) {
      while (PQisBusy(get()) != 0) wait(POLLIN, end, lost);
      PostgresAnswer next(PQgetResult(get()));
      if (!next) break;
      last = std::move(next);
      if (last.status() == PGRES_FATAL_ERROR && last.field(PG_DIAG_SQLSTATE).empty()) fail(lost);
    }
    if (!last) fail(lost);
    if (last.status() != PGRES_TUPLES_OK && last.status() != PGRES_COMMAND_OK) {
      broken_ = last.field(PG_DIAG_SQLSTATE) == "25006";  // a standby, or what became one: ask for the primary again
      throw_postgres(last);
    }
    return last;
  }

  /// Runs statements that have no parameters.
  void execute(const std::string& sql) {
    const auto end = std::chrono::steady_clock::now() + timeout_;
    if (PQsendQuery(get(), sql.c_str()) != 1) fail(errc::transient);
    std::optional<PostgresAnswer> wrong;
    for (;;) {
      for (int unsent = 1; unsent != 0;) {
        unsent = PQflush(get());
        if (unsent < 0) fail(errc::transient);
        if (unsent > 0) wait(POLLIN | POLLOUT, end, errc::transient);
      }
      while (PQisBusy(get()) != 0) wait(POLLIN, end, errc::transient);
      PostgresAnswer next(PQgetResult(get()));
      if (!next) break;
      if (next.status() == PGRES_FATAL_ERROR) wrong = std::move(next);
    }
    if (wrong && wrong->field(PG_DIAG_SQLSTATE).empty()) fail(errc::transient);
    if (wrong) throw_postgres(*wrong);
  }

 private:
  struct Finish {
    Finish() noexcept : owner(getpid()) {}
    void operator()(PGconn* connection) const noexcept {
      if (owner != getpid()) close(PQsocket(connection));  // a fork must not say goodbye in its parent's name
      PQfinish(connection);
    }
    pid_t owner;
  };

  /// A server's process gives its memory back to the kernel after each statement and fetches it again, page by page,
  /// for the next, until it once freed a large piece (malloc of glibc). That can cost a small statement more than its
  /// work. The size is 2 MB, and no constant: the planner would compute that, and copy it.
  void keep_memory() {
    execute(
        "SELECT pg_catalog.length(pg_catalog.repeat(' ', 256 * pg_catalog.current_setting('block_size')::integer))");
  }

  static std::string trimmed(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    return text;
  }

  [[noreturn]] void fail(errc what) {
    broken_ = true;
    throw PostgresError(what, "the connection to PostgreSQL was lost: " + trimmed(PQerrorMessage(get())), "");
  }

  void wait(short events, std::chrono::steady_clock::time_point end, errc lost) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd socket{PQsocket(get()), events, 0};
    if (left.count() <= 0 || poll(&socket, 1, static_cast<int>(left.count())) == 0) {
      broken_ = true;
      throw PostgresError(lost, "PostgreSQL did not answer in time", "");
    }
    if ((socket.revents & ~POLLOUT) != 0 && PQconsumeInput(get()) != 1) fail(lost);
  }

  Duration timeout_;
  bool broken_ = false;
  std::unique_ptr<PGconn, Finish> connection_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
