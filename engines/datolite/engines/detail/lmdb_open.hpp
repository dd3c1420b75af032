// Opening an LMDB file: what LMDB trusts its caller with.
//
// One file is opened once in a process: LMDB's locks are the process's, so that closing a second environment
// would drop the locks of the first. Files are known by device and inode. Symbolic links are resolved first,
// since the lock file is named after the path.
#pragma once

#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <datolite/core/error.hpp>
#include <datolite/core/storage.hpp>
#include <datolite/engines/detail/lmdb_errors.hpp>
#include <datolite/engines/detail/process_mark.hpp>
#include <datolite/engines/detail/system_error.hpp>
#include <datolite/engines/lmdb_options.hpp>

namespace datolite::engines::detail {

constexpr unsigned lmdb_reader_slots = 4096;

/// The LMDB files that this process has open.
class open_files {
 public:
  static open_files& of_process() {
    static open_files all;
    // Nobody is half way through opening when the process forks, so that the child can open files of its own.
    static const int watching =
        pthread_atfork([] { all.mutex_.lock(); }, [] { all.mutex_.unlock(); }, [] { all.mutex_.unlock(); });
    (void)watching;
    return all;
  }
  std::unique_lock<std::mutex> lock() { return std::unique_lock{mutex_}; }

  // REQUIRES: locked. What was open in a process that forked this one is not open here.
  bool contains(const struct stat& file) const {
    return std::any_of(files_.begin(), files_.end(),
                       [&](const entry& e) { return e.names(file) && e.opened.here(); });
  }
  void insert(const struct stat& file) { files_.push_back({file.st_dev, file.st_ino, {}}); }
  void erase(dev_t device, ino_t inode) {
    std::erase_if(files_,
                  [&](const entry& e) { return e.device == device && e.inode == inode && e.opened.here(); });
  }

 private:
  struct entry {
    dev_t device;
    ino_t inode;
    process_mark opened;
    bool names(const struct stat& file) const { return device == file.st_dev && inode == file.st_ino; }
  };
  std::mutex mutex_;
  std::vector<entry> files_;
};

struct close_env {
  void operator()(MDB_env* env) const noexcept { mdb_env_close(env); }
};
using env_ptr = std::unique_ptr<MDB_env, close_env>;

/// An open environment and what its use needs to know.
struct lmdb_file {
  env_ptr env;
  MDB_dbi dbi = 0;
  std::string path;  // absolute, without symbolic links
  dev_t device{};
  ino_t inode{};
  std::size_t page_size = 0, max_key_size = 0;
  std::size_t growth_limit = 0;  // bytes: puts may take the file so far
  std::size_t reserve = 0;       // bytes above it, for deletions only
};

/// `path` without symbolic links. A file that does not exist is named within its directory, which must.
inline std::string resolve(const std::string& path) {
  const auto real = [](const std::string& p) {
    std::unique_ptr<char, decltype(&std::free)> found{realpath(p.c_str(), nullptr), &std::free};
    return found ? std::string{found.get()} : std::string{};
  };
  std::string resolved = real(path);
  if (!resolved.empty()) return resolved;
  if (errno != ENOENT) throw_lmdb(errno, path, "open the file");
  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  resolved = real(directory);
  if (resolved.empty() || path.empty() || path.back() == '/') {
    throw error{
        error_category::not_found, "db.error/no-such-file",
        path + ": cannot open the file: the directory " + directory + " does not exist: make it first"};
  }
  if (resolved != "/") resolved += '/';
  return resolved + path.substr(slash == std::string::npos ? 0 : slash + 1);
}

/// Refuses what is plainly no LMDB file before LMDB puts a lock file beside it.
inline void check_header(const std::string& path, const struct stat& file, const lmdb_options& o) {
  const auto refuse = [&](error_category c, const char* code, const std::string& why) {
    throw error{c, code, path + ": cannot open the file: " + why};
  };
  if (S_ISDIR(file.st_mode)) {
    refuse(error_category::incorrect, "db.error/not-a-file",
           "it is a directory; an LMDB store is a file: name one in it");
  }
  if (!S_ISREG(file.st_mode))
    refuse(error_category::incorrect, "db.error/not-a-file", "it is no regular file");
  if (file.st_size == 0 && !o.create_if_missing) {
    refuse(error_category::not_found, "db.error/no-such-file",
           "it is empty, and the options say not to make a database of it");
  }
  if (file.st_size == 0 && !o.read_only) return;  // LMDB makes a database of it
  std::array<std::uint32_t, 6> head{};            // a page header of 16 bytes, then magic and version
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw_lmdb(errno, path, "open the file");
  const ssize_t got = ::pread(fd, head.data(), sizeof head, 0);
  const int failure = got < 0 ? errno : 0;
  ::close(fd);
  if (failure) throw_lmdb(failure, path, "read the file");
  if constexpr (sizeof(void*) == 8) {
    if (static_cast<std::size_t>(got) < sizeof head || head[4] != 0xBEEFC0DE) {
      refuse(error_category::corrupt, "db.error/corrupt",
             "it is no LMDB file (or one of another byte order)");
    }
    if (head[5] != 1) {
      refuse(error_category::unsupported, "db.error/newer-format",
             "its data format is " + std::to_string(head[5]) +
                 ", and this library reads 1: a newer LMDB has written it");
    }
  }
}

/// Sets disk space aside for the reader table, which LMDB maps: a full disk would be a signal later.
inline void reserve_lock_file(const std::string& path) {
#ifdef FALLOC_FL_KEEP_SIZE
  const int fd = ::open((path + "-lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return;  // LMDB says why
  int failure = 0;
  if (::fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (lmdb_reader_slots + 2) * 64) != 0) failure = errno;
  ::close(fd);
  if (failure == ENOSPC || failure == EDQUOT) throw_lmdb(failure, path, "make the lock file");
#else
  (void)path;
#endif
}

/// Opens the environment with a map of `size` bytes. Returns LMDB's code.
inline int try_open(env_ptr& into, const std::string& path, const lmdb_options& o, std::size_t size) {
  MDB_env* env = nullptr;
  if (const int rc = mdb_env_create(&env)) return rc;
  env_ptr opened{env};
  unsigned flags = MDB_NOSUBDIR | MDB_NOTLS;
  if (o.read_only) flags |= MDB_RDONLY;
  if (o.durability == durability_level::process) flags |= MDB_NOSYNC;
  if (const int rc = mdb_env_set_mapsize(env, size)) return rc;
  if (const int rc = mdb_env_set_maxreaders(env, lmdb_reader_slots)) return rc;
  if (const int rc = mdb_env_open(env, path.c_str(), flags, 0644)) return rc;
  into = std::move(opened);
  return MDB_SUCCESS;
}

/// Is there address space for a map of `size` bytes?
inline bool has_room_for(std::size_t size) {
  void* room = ::mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED) return false;
  ::munmap(room, size);
  return true;
}

/// Opens with as much address space as there may be, and enough for what is in the file and a reserve.
inline void open_map(lmdb_file& f, const lmdb_options& o) {
  constexpr std::size_t gib = std::size_t{1} << 30, page = 4096;
  const bool given = o.max_map_size != 0;
  std::size_t limit = given ? (o.max_map_size + page - 1) / page * page : gib * 1024;
  // Tried without LMDB first: an opening that fails leaves its lock file half made (see in_step).
  while (!given && limit > gib && !has_room_for(limit + limit / 16)) limit /= 2;
  for (;;) {
    f.reserve = std::clamp<std::size_t>(limit / 16 / page * page, gib / 1024, gib / 16);
    const int rc = try_open(f.env, f.path, o, limit + f.reserve);
    if (rc == ENOMEM && !given && limit > gib) {
      limit /= 2;
      continue;
    }
    check_lmdb(rc, f.path, "open the file");
    MDB_envinfo info;
    MDB_stat stat;
    mdb_env_info(f.env.get(), &info);
    mdb_env_stat(f.env.get(), &stat);
    f.page_size = stat.ms_psize;
    f.growth_limit = limit;
    const std::size_t used = (info.me_last_pgno + 1) * f.page_size;
    if (o.read_only || used + f.reserve <= info.me_mapsize) return;
    // Larger already than it may grow: deletions need their reserve all the same.
    f.env.reset();
    check_lmdb(try_open(f.env, f.path, o, (used + f.reserve + page - 1) / page * page), f.path,
               "open the file");
    return;
  }
}

/// Opens the unnamed database, whose keys must be plain bytes in their order.
inline void open_database(lmdb_file& f) {
  MDB_txn* txn = nullptr;
  check_lmdb(mdb_txn_begin(f.env.get(), nullptr, MDB_RDONLY, &txn), f.path, "read the file");
  const std::unique_ptr<MDB_txn, decltype(&mdb_txn_abort)> ends{txn, &mdb_txn_abort};
  check_lmdb(mdb_dbi_open(txn, nullptr, 0, &f.dbi), f.path, "open the unnamed database");
  unsigned flags = 0;
  check_lmdb(mdb_dbi_flags(txn, f.dbi, &flags), f.path, "open the unnamed database");
  if (flags != 0) {
    throw error{error_category::unsupported, "db.error/foreign-database",
                f.path + ": its unnamed database has duplicates or keys in another order than bytes (flags " +
                    std::to_string(flags) + "): Datolite has not made it and cannot use it"};
  }
}

/// Are the pages from `first` up to `end` all in the list of free ones?
inline bool all_free(const lmdb_file& f, std::size_t first, std::size_t end) {
  MDB_txn* txn = nullptr;
  MDB_cursor* cursor = nullptr;
  check_lmdb(mdb_txn_begin(f.env.get(), nullptr, MDB_RDONLY, &txn), f.path, "read the file");
  const std::unique_ptr<MDB_txn, decltype(&mdb_txn_abort)> ends{txn, &mdb_txn_abort};
  check_lmdb(mdb_cursor_open(txn, 0, &cursor), f.path, "read the file");
  const std::unique_ptr<MDB_cursor, decltype(&mdb_cursor_close)> closes{cursor, &mdb_cursor_close};
  MDB_val key, list;
  std::size_t found = 0;
  int rc = 0;
  while ((rc = mdb_cursor_get(cursor, &key, &list, MDB_NEXT)) == MDB_SUCCESS) {
    const auto* pages = static_cast<const std::size_t*>(list.mv_data);  // how many, then their numbers
    for (std::size_t i = 1; i <= pages[0] && i < list.mv_size / sizeof *pages; ++i) {
      found += pages[i] >= first && pages[i] < end;
    }
  }
  return rc == MDB_NOTFOUND && found == end - first;
}

struct file_length {
  std::size_t pages;  // that the newest state has
  std::size_t bytes;  // that the file has
  bool is_short(std::size_t page_size) const noexcept { return bytes / page_size < pages; }
};
inline file_length length_of(const lmdb_file& f) {
  mdb_filehandle_t fd{};
  struct stat file {};
  MDB_envinfo info;
  mdb_env_info(f.env.get(), &info);  // first: whoever writes meanwhile makes the file longer before the state
  if (mdb_env_get_fd(f.env.get(), &fd) != MDB_SUCCESS || ::fstat(fd, &file) != 0)
    throw_lmdb(errno, f.path, "open the file");
  return {info.me_last_pgno + 1, static_cast<std::size_t>(file.st_size)};
}

/// A file may end before its last page only if the pages that are missing are free. One that was cut short
/// would be a signal when it is read, so it is refused here.
inline void check_length(const lmdb_file& f) {
  MDB_txn* txn = nullptr;
  check_lmdb(mdb_txn_begin(f.env.get(), nullptr, 0, &txn), f.path,
             "open the file");  // nobody writes meanwhile
  const std::unique_ptr<MDB_txn, decltype(&mdb_txn_abort)> ends{txn, &mdb_txn_abort};
  const file_length length = length_of(f);
  if (!length.is_short(f.page_size)) return;
  mdb_filehandle_t fd{};
  check_lmdb(mdb_env_get_fd(f.env.get(), &fd), f.path, "open the file");
  const auto resize = [&](std::size_t bytes) {
    if (::ftruncate(fd, static_cast<off_t>(bytes)) != 0) throw_lmdb(errno, f.path, "open the file");
  };
  // What is missing reads as zeros once the file has its length, and zeros are no page.
  resize(length.pages * f.page_size);
  try {
    if (all_free(f, length.bytes / f.page_size, length.pages)) return;
  } catch (...) {
    resize(length.bytes);
    throw;
  }
  resize(length.bytes);
  throw error{error_category::corrupt, "db.error/corrupt",
              f.path + ": cannot open the file: it has " + std::to_string(length.bytes) + " of its " +
                  std::to_string(length.pages * f.page_size) +
                  " bytes: it was cut short; restore it from a copy"};
}

/// Does the lock file name the newest state? LMDB's first opener writes the number down once it has the file
/// open, and whoever waited for it believes what is there: nought, if that opener failed or was killed in
/// between. Reading would then show an old state, and writing overwrite the newest.
inline bool in_step(const lmdb_file& f, const lmdb_options& o) {
  const auto newest = [&f] {
    MDB_envinfo info;
    mdb_env_info(f.env.get(), &info);
    return info.me_last_txnid;
  };
  const auto agree = [&](unsigned flags) {
    MDB_txn* txn = nullptr;
    check_lmdb(mdb_txn_begin(f.env.get(), nullptr, flags, &txn), f.path, "open the file");
    const std::unique_ptr<MDB_txn, decltype(&mdb_txn_abort)> ends{txn, &mdb_txn_abort};
    return mdb_txn_id(txn) == newest() + (flags ? 0 : 1);  // a writer is counted from its beginning
  };
  if (agree(MDB_RDONLY)) return true;
  if (!o.read_only) return agree(0);          // nobody writes meanwhile
  for (int tries = 0; tries < 20; ++tries) {  // whoever writes is between the two for a moment only
    if (agree(MDB_RDONLY)) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return false;
}

/// Opens the map and the database. A lock file that is out of step is made anew, which takes that nobody has
/// it open: so each lets go of it for a time that differs, and opens again.
inline void open_in_step(lmdb_file& f, const lmdb_options& o) {
  std::minstd_rand random{static_cast<unsigned>(::getpid())};
  for (int tries = 0; tries < 50; ++tries) {
    open_map(f, o);
    if (in_step(f, o)) return open_database(f);
    f.env.reset();
    std::this_thread::sleep_for(std::chrono::milliseconds{1 + random() % 40});
  }
  throw error{
      error_category::busy, "db.error/lock-file-out-of-step",
      f.path +
          ": cannot open the file: a process was stopped while it made the lock file beside it, and another "
          "still has that open: end every process that uses the file, then open it again"};
}

/// The same for a file opened read_only, which is opened for writing meanwhile.
inline void check_length_read_only(lmdb_file& f, const lmdb_options& o) {
  lmdb_options writable = o;
  writable.read_only = false;
  f.env.reset();  // LMDB takes no second opening within a process
  try {
    open_map(f, writable);
  } catch (const error& e) {
    if (e.category() != error_category::unavailable) throw;
    throw error{
        error_category::unavailable, "db.error/not-permitted",
        f.path +
            ": cannot open the file read_only: it is shorter than its newest state, and whether that state "
            "is whole is only seen with the permission to write: open it once without read_only"};
  }
  check_length(f);
  f.env.reset();
  open_in_step(f, o);
}

/// Opens the file at `path`, or throws and says why it cannot.
inline lmdb_file open_lmdb(std::string_view path, const lmdb_options& o) {
  if (o.durability != durability_level::disk && o.durability != durability_level::process) {
    throw error{error_category::unsupported, "db.error/unsupported-durability",
                std::string{path} + ": LMDB cannot give the durability " +
                    std::string{to_string(o.durability)} + ": ask for disk or process"};
  }
  lmdb_file f;
  f.path = resolve(std::string{path});
  open_files& files = open_files::of_process();
  const auto locked = files.lock();
  struct stat file {};
  if (::stat(f.path.c_str(), &file) == 0) {
    check_header(f.path, file, o);
    if (files.contains(file)) {
      throw error{error_category::busy, "db.error/already-open",
                  f.path + ": this process has it open: share that handle, or close it first"};
    }
  } else if (errno != ENOENT) {
    throw_lmdb(errno, f.path, "open the file");
  } else if (o.read_only || !o.create_if_missing) {
    throw error{error_category::not_found, "db.error/no-such-file",
                f.path + ": there is no such file, and the options say not to make one"};
  }
  if (!o.read_only) reserve_lock_file(f.path);
  open_in_step(f, o);
  int dead = 0;
  mdb_reader_check(f.env.get(),
                   &dead);  // slots of processes that were killed would keep their pages for ever
  f.max_key_size = static_cast<std::size_t>(mdb_env_get_maxkeysize(f.env.get()));
  // Most files are as long as they should be, and then nobody who writes is waited for.
  if (length_of(f).is_short(f.page_size)) o.read_only ? check_length_read_only(f, o) : check_length(f);
  mdb_filehandle_t fd{};
  if (mdb_env_get_fd(f.env.get(), &fd) != MDB_SUCCESS || ::fstat(fd, &file) != 0)
    throw_lmdb(errno, f.path, "open the file");
  f.device = file.st_dev, f.inode = file.st_ino;
  files.insert(file);
  return f;
}

}  // namespace datolite::engines::detail
