// SPDX-License-Identifier: MIT
// Loads a plug-in, lets it work, and unloads it, ten times; between its end and its unloading no thread of its may be left.
// case: F8
#include <dlfcn.h>

#include <cstdio>
#include <filesystem>

static int threads() {
  int count = 0;
  for ([[maybe_unused]] const auto& task : std::filesystem::directory_iterator("/proc/self/task")) ++count;
  return count;
}

int main(int, char** arguments) {
  const int before = threads();
  for (int round = 0; round < 10; ++round) {
    void* const plugin = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    if (plugin == nullptr) {
      std::puts(dlerror());
      return 1;
    }
    const auto begin = reinterpret_cast<void (*)()>(dlsym(plugin, "plugin_begin"));
    const auto end = reinterpret_cast<int (*)()>(dlsym(plugin, "plugin_end"));
    if (begin == nullptr || end == nullptr) return 1;
    begin();
    const int during = threads();
    const int delivered = end();
    const int after = threads();
    if (delivered != 100 || during != before + 2 || after != before || dlclose(plugin) != 0) {
      std::printf("round %d: %d delivered; threads: %d before, %d during, %d after\n", round, delivered, before, during,
                  after);
      return 1;
    }
  }
  std::puts("loaded, at work and unloaded ten times");
  return 0;
}
