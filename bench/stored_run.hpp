// stored_run: the command line of a benchmark that stores data, and the directory that it stores them in.
#pragma once

#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include <benchmark/benchmark.h>

#include <ratio.hpp>

namespace datolite::bench {

struct stored_run {
  std::string_view program;
  std::string_view counts;  ///< what the option `--<counts> N` sets the number of
  std::size_t size;         ///< that number, usually and as read
  std::size_t least;        ///< that it may be
  std::filesystem::path directory = std::filesystem::is_directory("/dev/shm")
                                        ? std::filesystem::path{"/dev/shm"}
                                        : std::filesystem::temp_directory_path();
  clock by = clock::wall;
};

/// Takes our options off the command line. False if one of them is wrong.
inline bool read_options(stored_run& run, int& count, char** arguments) {
  const std::string size_option = "--" + std::string{run.counts};
  int kept = 1;
  for (int i = 1; i < count; ++i) {
    const std::string_view option{arguments[i]};
    if (option == size_option && i + 1 < count) {
      const std::string_view text{arguments[++i]};
      const auto read = std::from_chars(text.data(), text.data() + text.size(), run.size);
      if (read.ec != std::errc{} || run.size < run.least) return false;
    } else if (option == "--dir" && i + 1 < count) {
      run.directory = arguments[++i];
    } else if (option == "--cpu") {
      run.by = clock::thread_cpu;
    } else {
      arguments[kept++] = arguments[i];
    }
  }
  count = kept;
  return true;
}

/// Reads the command line, calls `add_rows()`, runs the rows in a directory of their own, and removes that.
/// Returns what main() is to return.
template <class AddRows>
int perform(stored_run& run, int argc, char** argv, AddRows&& add_rows) {
  if (!read_options(run, argc, argv)) {
    std::fprintf(stderr, "usage: %s [--%s N] [--dir PATH] [--cpu], N at least %zu\n",
                 std::string{run.program}.c_str(), std::string{run.counts}.c_str(), run.least);
    return 2;
  }
  run.directory /= "datolite-bench-" + std::to_string(::getpid());
  std::filesystem::create_directories(run.directory);
  add_rows();
  benchmark::Initialize(&argc, argv);
  const bool unknown = benchmark::ReportUnrecognizedArguments(argc, argv);
  if (!unknown) benchmark::RunSpecifiedBenchmarks();
  std::filesystem::remove_all(run.directory);
  return unknown ? 2 : 0;
}

}  // namespace datolite::bench
