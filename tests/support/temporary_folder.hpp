// SPDX-License-Identifier: MIT
// TemporaryFolder: a folder for one test, on disk, which is gone when the test ends.
#ifndef WEBHOOK_TESTS_SUPPORT_TEMPORARY_FOLDER_HPP
#define WEBHOOK_TESTS_SUPPORT_TEMPORARY_FOLDER_HPP

#include <filesystem>
#include <stdexcept>
#include <string>

#include <stdlib.h>

namespace support {

class TemporaryFolder {
 public:
  TemporaryFolder() : TemporaryFolder(std::filesystem::temp_directory_path()) {}

  /// In memory where the system has such a place: for tests that sync often, and not to see whether it works.
  static TemporaryFolder in_memory() {
    std::error_code none;
    return TemporaryFolder(std::filesystem::is_directory("/dev/shm", none) ? "/dev/shm"
                                                                           : std::filesystem::temp_directory_path());
  }

  explicit TemporaryFolder(const std::filesystem::path& within) {
    std::string name = (within / "webhook-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string file(const std::string& name) const { return (path_ / name).string(); }
  void empty() const {
    for (const auto& entry : std::filesystem::directory_iterator(path_)) std::filesystem::remove_all(entry.path());
  }

 private:
  std::filesystem::path path_{};
};

}  // namespace support

#endif
