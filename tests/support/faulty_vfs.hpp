// SPDX-License-Identifier: MIT
// FaultyVfs: the file system as SQLite sees it, with a say before each write and sync, and a power switch: what was not
// synced is lost when it is used, or some of it.
#ifndef WEBHOOK_TESTS_SUPPORT_FAULTY_VFS_HPP
#define WEBHOOK_TESTS_SUPPORT_FAULTY_VFS_HPP

#include <cstdint>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include <sqlite3.h>

namespace support {

/// While it lives, SQLite opens files through it. One at a time; connections must end before it does.
class FaultyVfs {
 public:
  enum class Act { write, truncate, sync };
  /// Asked before each act: SQLITE_OK lets it be done, another code is what SQLite hears instead.
  std::function<int(Act)> before{};
  bool remembers = false;  // what is not synced, for lose_power(); to be set before a file is opened

  FaultyVfs() : real_(sqlite3_vfs_find(nullptr)), vfs_(*real_) {
    vfs_.zName = "webhook-faulty";
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
    vfs_.pAppData = this;
    vfs_.pNext = nullptr;
    vfs_.xOpen = open;
    vfs_.xDelete = remove;
    sqlite3_vfs_register(&vfs_, 1);
  }
  FaultyVfs(const FaultyVfs&) = delete;
  FaultyVfs& operator=(const FaultyVfs&) = delete;
  ~FaultyVfs() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(real_, 1);
  }

  /// From now on nothing reaches the disk. `keep` says of each write that was not synced whether it did, in their order.
  template <class Keep>
  void lose_power(const Keep& keep) {
    off_ = true;
    for (auto& [path, disk] : disks_) {
      for (const Change& change : disk.unsynced) {
        if (!keep()) continue;
        if (change.truncates) {
          disk.synced.resize(change.at);
        } else {
          if (disk.synced.size() < change.at + change.bytes.size()) disk.synced.resize(change.at + change.bytes.size());
          std::memcpy(disk.synced.data() + change.at, change.bytes.data(), change.bytes.size());
        }
      }
      std::ofstream(path, std::ios::binary | std::ios::trunc) << disk.synced;
    }
    disks_.clear();
  }
  void restore_power() { off_ = false; }

 private:
  struct Change {
    std::size_t at = 0;
    std::string bytes{};
    bool truncates = false;
  };
  struct Disk {  // a file as it is on the platter, and what is on its way there
    std::string synced{};
    std::vector<Change> unsynced{};
  };
  struct File {
    sqlite3_file base;
    FaultyVfs* vfs;
    Disk* disk;
  };
  static sqlite3_file* real(sqlite3_file* file) noexcept {
    return reinterpret_cast<sqlite3_file*>(reinterpret_cast<File*>(file) + 1);
  }
  static File& self(sqlite3_file* file) noexcept { return *reinterpret_cast<File*>(file); }
  static const sqlite3_io_methods& of(sqlite3_file* file) noexcept { return *real(file)->pMethods; }

  int ask(Act act) {
    if (off_) return SQLITE_IOERR_WRITE;
    return before ? before(act) : SQLITE_OK;
  }

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
    auto* const owner = static_cast<FaultyVfs*>(vfs->pAppData);
    self(file).vfs = owner;
    self(file).disk = nullptr;
    file->pMethods = nullptr;
    const int code = owner->real_->xOpen(owner->real_, name, real(file), flags, out);
    if (real(file)->pMethods != nullptr) file->pMethods = &methods();
    if (code == SQLITE_OK && owner->remembers && name != nullptr) {
      const auto [there, fresh] = owner->disks_.try_emplace(name);
      if (fresh) {
        std::ifstream now(name, std::ios::binary);
        there->second.synced.assign(std::istreambuf_iterator<char>(now), {});
      }
      self(file).disk = &there->second;
    }
    return code;
  }

  // What is deleted stays deleted: the order of names and contents on a disk is the file system's affair.
  static int remove(sqlite3_vfs* vfs, const char* name, int sync_folder) {
    auto* const owner = static_cast<FaultyVfs*>(vfs->pAppData);
    if (owner->off_) return SQLITE_IOERR_DELETE;
    owner->disks_.erase(name);
    return owner->real_->xDelete(owner->real_, name, sync_folder);
  }

  static const sqlite3_io_methods& methods() {
    static const sqlite3_io_methods all = [] {
      sqlite3_io_methods m{};
      m.iVersion = 2;  // no memory mapping
      m.xClose = [](sqlite3_file* f) { return of(f).xClose(real(f)); };
      m.xRead = [](sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
        return of(f).xRead(real(f), to, size, at);
      };
      m.xWrite = [](sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
        if (const int code = self(f).vfs->ask(Act::write); code != SQLITE_OK) return code;
        if (self(f).disk != nullptr) {
          self(f).disk->unsynced.push_back({static_cast<std::size_t>(at),
                                            std::string(static_cast<const char*>(from), static_cast<std::size_t>(size)),
                                            false});
        }
        return of(f).xWrite(real(f), from, size, at);
      };
      m.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) {
        if (const int code = self(f).vfs->ask(Act::truncate); code != SQLITE_OK) return code;
        if (self(f).disk != nullptr) self(f).disk->unsynced.push_back({static_cast<std::size_t>(size), {}, true});
        return of(f).xTruncate(real(f), size);
      };
      m.xSync = [](sqlite3_file* f, int flags) {
        if (const int code = self(f).vfs->ask(Act::sync); code != SQLITE_OK)
          return code == SQLITE_FULL ? code : SQLITE_IOERR_FSYNC;
        if (Disk* const disk = self(f).disk; disk != nullptr) {
          for (const Change& change : disk->unsynced) {
            if (change.truncates) {
              disk->synced.resize(change.at);
              continue;
            }
            if (disk->synced.size() < change.at + change.bytes.size())
              disk->synced.resize(change.at + change.bytes.size());
            std::memcpy(disk->synced.data() + change.at, change.bytes.data(), change.bytes.size());
          }
          disk->unsynced.clear();
          return SQLITE_OK;  // the platter is ours; the real disk need not turn for it
        }
        return of(f).xSync(real(f), flags);
      };
      m.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) { return of(f).xFileSize(real(f), size); };
      m.xLock = [](sqlite3_file* f, int level) { return of(f).xLock(real(f), level); };
      m.xUnlock = [](sqlite3_file* f, int level) { return of(f).xUnlock(real(f), level); };
      m.xCheckReservedLock = [](sqlite3_file* f, int* held) { return of(f).xCheckReservedLock(real(f), held); };
      m.xFileControl = [](sqlite3_file* f, int op, void* arg) { return of(f).xFileControl(real(f), op, arg); };
      m.xSectorSize = [](sqlite3_file* f) { return of(f).xSectorSize(real(f)); };
      m.xDeviceCharacteristics = [](sqlite3_file* f) { return of(f).xDeviceCharacteristics(real(f)); };
      m.xShmMap = [](sqlite3_file* f, int page, int size, int extend, void volatile** to) {
        return of(f).xShmMap(real(f), page, size, extend, to);
      };
      m.xShmLock = [](sqlite3_file* f, int at, int n, int flags) { return of(f).xShmLock(real(f), at, n, flags); };
      m.xShmBarrier = [](sqlite3_file* f) { of(f).xShmBarrier(real(f)); };
      m.xShmUnmap = [](sqlite3_file* f, int remove) { return of(f).xShmUnmap(real(f), remove); };
      return m;
    }();
    return all;
  }

  sqlite3_vfs* real_;
  sqlite3_vfs vfs_;
  bool off_ = false;
  std::map<std::string, Disk> disks_{};
};

}  // namespace support

#endif
