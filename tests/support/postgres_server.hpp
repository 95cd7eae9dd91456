// SPDX-License-Identifier: MIT
// PostgresServer: a PostgreSQL cluster of the test's own, in a temporary folder, on a socket in it and on no port;
// ended with the test, whatever becomes of that. As root it runs as the user postgres or nobody, since PostgreSQL
// refuses root.
#ifndef WEBHOOK_TESTS_SUPPORT_POSTGRES_SERVER_HPP
#define WEBHOOK_TESTS_SUPPORT_POSTGRES_SERVER_HPP

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "temporary_folder.hpp"

namespace support {

class PostgresServer {
 public:
  /// Where initdb and postgres are, or "" with a line "SKIPPED: why" if they are not here.
  static std::string binaries() {
    std::error_code none;
    std::vector<std::string> folders;
    for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", none))
      folders.push_back(entry.path().string() + "/bin");
    folders.insert(folders.end(), {"/usr/local/bin", "/usr/bin"});
    for (const std::string& folder : folders) {
      if (std::filesystem::exists(folder + "/initdb", none) && std::filesystem::exists(folder + "/postgres", none))
        return folder;
    }
    std::printf("SKIPPED: initdb and postgres are not installed\n");
    return "";
  }

  /// `settings`: "name=value", for the server. What is written outlives its processes with fsync=off as well.
  explicit PostgresServer(std::string bin, const std::vector<std::string>& settings = {"fsync=off"},
                          bool on_disk = false)
      : bin_(std::move(bin)), folder_(on_disk ? TemporaryFolder() : TemporaryFolder::in_memory()), settings_(settings) {
    if (geteuid() == 0) {
      for (const char* name : {"postgres", "nobody"}) {
        const passwd* const user = getpwnam(name);  // NOLINT(concurrency-mt-unsafe)
        if (user == nullptr) continue;
        user_ = user->pw_uid;
        group_ = user->pw_gid;
        if (chown(folder_.file("").c_str(), user_, group_) != 0) throw std::runtime_error("no chown");
        break;
      }
    }
    if (run({bin_ + "/initdb", "--no-sync", "-A", "trust", "-U", "test", "-E", "UTF8", "--no-locale", "-D", data()}) !=
        0)
      throw std::runtime_error("initdb failed");
    start();
  }
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;
  ~PostgresServer() { stop(SIGQUIT); }

  /// For libpq.
  std::string where(const std::string& database = "postgres") const {
    return "host=" + socket() + " user=test dbname=" + database;
  }
  std::string socket() const { return folder_.file("socket"); }

  void start() {
    std::filesystem::create_directory(socket());
    if (user_ != 0 && chown(socket().c_str(), user_, group_) != 0) throw std::runtime_error("no chown");
    std::vector<std::string> command{
        bin_ + "/postgres",   "-D", data(), "-k", socket(), "-h", "", "-c", "max_connections=60", "-c",
        "shared_buffers=64MB"};
    for (const std::string& setting : settings_) {
      command.push_back("-c");
      command.push_back(setting);
    }
    server_ = spawn(command);
    for (int i = 0; i < 3000; ++i) {
      if (PQping(where().c_str()) == PQPING_OK) return;
      if (waitpid(server_, nullptr, WNOHANG) == server_) break;
      usleep(10'000);
    }
    throw std::runtime_error("postgres did not start");
  }

  /// SIGQUIT: at once, as `pg_ctl stop -m immediate`; SIGINT: connections are closed first.
  void stop(int how) {
    if (server_ <= 0) return;
    kill(server_, how);
    waitpid(server_, nullptr, 0);
    server_ = 0;
  }

  /// Runs statements, each call on a connection of its own; returns the first value, or "".
  std::string ask(const std::string& sql, const std::string& database = "postgres") const {
    const std::unique_ptr<PGconn, decltype(&PQfinish)> db(PQconnectdb(where(database).c_str()), PQfinish);
    PQsetNoticeProcessor(
        db.get(), [](void*, const char*) {}, nullptr);
    const std::unique_ptr<PGresult, decltype(&PQclear)> answer(PQexec(db.get(), sql.c_str()), PQclear);
    const ExecStatusType status = PQresultStatus(answer.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) throw std::runtime_error(PQerrorMessage(db.get()));
    return PQntuples(answer.get()) > 0 ? PQgetvalue(answer.get(), 0, 0) : "";
  }

  pid_t spawn(const std::vector<std::string>& command) const {
    const pid_t child = fork();
    if (child != 0) return child;
    prctl(PR_SET_PDEATHSIG, SIGQUIT);
    if (std::freopen(folder_.file("log").c_str(), "a", stderr) == nullptr ||
        std::freopen(folder_.file("log").c_str(), "a", stdout) == nullptr)
      _exit(126);
    if (user_ != 0 && (setgid(group_) != 0 || setuid(user_) != 0)) _exit(126);
    if (user_ != 0) prctl(PR_SET_PDEATHSIG, SIGQUIT);  // a change of user forgets it
    if (chdir("/") != 0) _exit(126);
    std::vector<char*> arguments;
    for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    execv(arguments[0], arguments.data());
    _exit(127);
  }

 private:
  std::string data() const { return folder_.file("data"); }
  int run(const std::vector<std::string>& command) const {
    int status = -1;
    waitpid(spawn(command), &status, 0);
    return status;
  }

  std::string bin_;
  TemporaryFolder folder_;
  std::vector<std::string> settings_;
  uid_t user_ = 0;
  gid_t group_ = 0;
  pid_t server_ = 0;
};

}  // namespace support

#endif
