// A directory of its own for a test, gone afterwards. In memory where the system has such a place: what is
// tested is seldom the disk.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace datolite::test {

class temporary_directory {
 public:
  temporary_directory() {
    const std::filesystem::path memory{"/dev/shm"};
    std::error_code none;
    const bool fast = std::filesystem::is_directory(memory, none) && ::access(memory.c_str(), W_OK) == 0;
    std::string made =
        ((fast ? memory : std::filesystem::temp_directory_path()) / "datolite-XXXXXX").string();
    if (::mkdtemp(made.data()) == nullptr) throw std::filesystem::filesystem_error{"mkdtemp", made, {}};
    path_ = made;
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  ~temporary_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const noexcept { return path_; }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace datolite::test
