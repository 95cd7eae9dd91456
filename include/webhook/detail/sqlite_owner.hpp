// SPDX-License-Identifier: MIT
// SqliteOwner: proof that whoever holds leases is alive: a byte of a side file, locked as long as its process has it
// open. The kernel lets go of it when the process ends, however it ends. It knows no leases.
#ifndef WEBHOOK_DETAIL_SQLITE_OWNER_HPP
#define WEBHOOK_DETAIL_SQLITE_OWNER_HPP

#include <cstdint>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace webhook {
inline namespace v0 {
namespace detail {

/// The side file "<file>-owners". Where it cannot be locked (a system without locks of open files, a file system that
/// has none), every owner seems alive, and its leases run out instead.
class SqliteOwner {
 public:
  /// `like`: whose permissions the side file gets.
  SqliteOwner(const std::string& path, const struct stat& like) noexcept {
#ifdef F_OFD_SETLK
    file_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, like.st_mode & 0666U);
#else
    static_cast<void>(path);
    static_cast<void>(like);
#endif
  }
  SqliteOwner(const SqliteOwner&) = delete;
  SqliteOwner& operator=(const SqliteOwner&) = delete;
  ~SqliteOwner() {
    if (file_ >= 0) close(file_);
  }

  /// Locks the byte of an owner; false: its life cannot be proved.
  bool live(std::int64_t id) noexcept { return file_ >= 0 && lock(id, true) == 0; }

  /// Whether an owner's process surely ended.
  bool is_dead(std::int64_t id) const noexcept { return file_ >= 0 && lock(id, false) == 1; }

 private:
  /// Locks, or else asks: 1 if nobody has it.
  int lock(std::int64_t id, bool take) const noexcept {
#ifdef F_OFD_SETLK
    struct flock range {};
    range.l_type = F_WRLCK;
    range.l_whence = SEEK_SET;
    range.l_start = static_cast<off_t>(id);
    range.l_len = 1;
    if (take) return fcntl(file_, F_OFD_SETLK, &range);
    return fcntl(file_, F_OFD_GETLK, &range) == 0 && range.l_type == F_UNLCK ? 1 : 0;
#else
    static_cast<void>(id);
    static_cast<void>(take);
    return -1;
#endif
  }

  int file_ = -1;
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
