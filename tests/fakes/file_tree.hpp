#pragma once
#include <ftw.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace autotune::testing {

/// A temporary folder in place of `/`, `/proc`, `/sys`; gone at the end of the test.
class FileTree {
 public:
  FileTree() {
    std::string name = (std::filesystem::temp_directory_path() / "autotune_test_XXXXXX").string();
    root_ = mkdtemp(name.data());
  }
  // Not by std::filesystem::remove_all: libtorch.so exports one of its own, which crashes.
  ~FileTree() {
    constexpr int open_folders = 16;
    ::nftw(
        root_.c_str(),
        [](const char* path, const struct stat*, int, FTW*) { return ::remove(path); },
        open_folders, FTW_DEPTH | FTW_PHYS);
  }
  FileTree(const FileTree&) = delete;
  FileTree& operator=(const FileTree&) = delete;

  void write(const std::filesystem::path& path, const std::string& text) const {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }

  [[nodiscard]] const std::filesystem::path& root() const noexcept { return root_; }

 private:
  std::filesystem::path root_;
};

/// A powercap tree as Linux shows it: zones side by side in one folder.
class PowercapTree : public FileTree {
 public:
  /// @param zone `intel-rapl:0`, `intel-rapl:0:1`, `intel-rapl-mmio:0`
  void add_zone(const std::string& zone, const std::string& name, std::uint64_t energy_uj,
                std::uint64_t range_uj = 262'143'328'850) const {
    write(zone + "/name", name + "\n");
    write(zone + "/max_energy_range_uj", std::to_string(range_uj) + "\n");
    set_energy(zone, energy_uj);
  }

  void set_energy(const std::string& zone, std::uint64_t energy_uj) const {
    write(zone + "/energy_uj", std::to_string(energy_uj) + "\n");
  }
};

}  // namespace autotune::testing
