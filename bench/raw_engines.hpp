// LMDB and LevelDB by their own interfaces, doing what the engine adapters do: the other side of `vs_raw`.
//
// Opened with the adapters' options and durability. Each call is what a careful program would write by hand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>

#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>
#include <leveldb/write_batch.h>
#include <lmdb.h>

#include <datolite/core/bytes.hpp>
#include <datolite/core/writer.hpp>
#include <datolite/engines/leveldb.hpp>

namespace datolite::bench {

/// What a reader does with a pair.
inline std::uint64_t touch(bytes_view key, bytes_view value) noexcept {
  return static_cast<unsigned char>(key.back()) + value.size() +
         (value.empty() ? 0 : static_cast<unsigned char>(value.front()));
}

inline void must(bool held, const char* what) {
  if (held) return;
  std::fprintf(stderr, "bench: %s failed\n", what);
  std::abort();
}

class raw_lmdb {
 public:
  explicit raw_lmdb(const std::string& path) {
    must(mdb_env_create(&env_) == 0, "mdb_env_create");
    must(mdb_env_set_mapsize(env_, std::size_t{1} << 40) == 0, "mdb_env_set_mapsize");
    must(mdb_env_set_maxreaders(env_, 4096) == 0, "mdb_env_set_maxreaders");
    must(mdb_env_open(env_, path.c_str(), MDB_NOSUBDIR | MDB_NOTLS | MDB_NOSYNC, 0644) == 0, "mdb_env_open");
    MDB_txn* txn = begin(MDB_RDONLY);
    must(mdb_dbi_open(txn, nullptr, 0, &dbi_) == 0, "mdb_dbi_open");
    must(mdb_txn_commit(txn) == 0, "mdb_txn_commit");
  }
  raw_lmdb(const raw_lmdb&) = delete;
  raw_lmdb& operator=(const raw_lmdb&) = delete;
  ~raw_lmdb() { mdb_env_close(env_); }

  void commit(std::span<const change> puts, unsigned flags = 0) {
    MDB_txn* txn = begin(0);
    for (const change& c : puts) {
      MDB_val key = val(c.key), value = val(*c.value);
      must(mdb_put(txn, dbi_, &key, &value, flags) == 0, "mdb_put");
    }
    must(mdb_txn_commit(txn) == 0, "mdb_txn_commit");
  }

  /// Reads in one read transaction, by one cursor.
  class reader {
   public:
    explicit reader(raw_lmdb& of) : dbi_{of.dbi_}, txn_{of.begin(MDB_RDONLY)} {
      must(mdb_cursor_open(txn_, dbi_, &cursor_) == 0, "mdb_cursor_open");
    }
    reader(const reader&) = delete;
    reader& operator=(const reader&) = delete;
    ~reader() {
      mdb_cursor_close(cursor_);
      mdb_txn_abort(txn_);
    }
    std::uint64_t get(bytes_view key) const {
      MDB_val k = val(key), value;
      must(mdb_get(txn_, dbi_, &k, &value) == 0, "mdb_get");
      return touch(key, {static_cast<const char*>(value.mv_data), value.mv_size});
    }
    std::uint64_t scan(bytes_view from, std::size_t most) const {
      MDB_val key = val(from), value;
      std::uint64_t sum = 0;
      int rc = mdb_cursor_get(cursor_, &key, &value, from.empty() ? MDB_FIRST : MDB_SET_RANGE);
      for (; rc == 0 && most > 0; --most) {
        sum += touch({static_cast<const char*>(key.mv_data), key.mv_size},
                     {static_cast<const char*>(value.mv_data), value.mv_size});
        rc = mdb_cursor_get(cursor_, &key, &value, MDB_NEXT);
      }
      return sum;
    }

   private:
    MDB_dbi dbi_;
    MDB_txn* txn_;
    MDB_cursor* cursor_ = nullptr;
  };

  /// A snapshot taken and given back, as a program that takes many would: by renewing one transaction.
  class snapshots {
   public:
    explicit snapshots(raw_lmdb& of) : txn_{of.begin(MDB_RDONLY)} { mdb_txn_reset(txn_); }
    snapshots(const snapshots&) = delete;
    snapshots& operator=(const snapshots&) = delete;
    ~snapshots() { mdb_txn_abort(txn_); }
    void once() {
      must(mdb_txn_renew(txn_) == 0, "mdb_txn_renew");
      mdb_txn_reset(txn_);
    }

   private:
    MDB_txn* txn_;
  };

 private:
  static MDB_val val(bytes_view text) noexcept { return {text.size(), const_cast<char*>(text.data())}; }
  MDB_txn* begin(unsigned flags) const {
    MDB_txn* txn = nullptr;
    must(mdb_txn_begin(env_, nullptr, flags, &txn) == 0, "mdb_txn_begin");
    return txn;
  }

  MDB_env* env_ = nullptr;
  MDB_dbi dbi_ = 0;
};

class raw_leveldb {
 public:
  explicit raw_leveldb(const std::string& path) {
    const engines::leveldb_options defaults;
    leveldb::Options options;
    options.create_if_missing = true;
    options.paranoid_checks = true;
    options.block_size = defaults.block_size;
    options.write_buffer_size = defaults.write_buffer_size;
    options.max_open_files = defaults.max_open_files;
    cache_.reset(leveldb::NewLRUCache(defaults.block_cache_size));
    filter_.reset(leveldb::NewBloomFilterPolicy(defaults.bloom_bits_per_key));
    options.block_cache = cache_.get();
    options.filter_policy = filter_.get();
    leveldb::DB* db = nullptr;
    must(leveldb::DB::Open(options, path, &db).ok(), "leveldb::DB::Open");
    db_.reset(db);
  }

  void commit(std::span<const change> puts) {
    leveldb::WriteBatch batch;
    for (const change& c : puts) batch.Put(slice(c.key), slice(*c.value));
    must(db_->Write({}, &batch).ok(), "leveldb::DB::Write");
  }

  /// Reads one snapshot, by one iterator.
  class reader {
   public:
    explicit reader(raw_leveldb& of) : db_{*of.db_} {
      options_.verify_checksums = true;
      options_.snapshot = db_.GetSnapshot();
      it_.reset(db_.NewIterator(options_));
    }
    reader(const reader&) = delete;
    reader& operator=(const reader&) = delete;
    ~reader() {
      it_.reset();
      db_.ReleaseSnapshot(options_.snapshot);
    }
    std::uint64_t get(bytes_view key) const {
      std::string value;
      must(db_.Get(options_, slice(key), &value).ok(), "leveldb::DB::Get");
      return touch(key, value);
    }
    std::uint64_t scan(bytes_view from, std::size_t most) const {
      std::uint64_t sum = 0;
      if (from.empty()) {
        it_->SeekToFirst();
      } else {
        it_->Seek(slice(from));
      }
      for (; it_->Valid() && most > 0; it_->Next(), --most) {
        const leveldb::Slice key = it_->key(), value = it_->value();
        sum += touch({key.data(), key.size()}, {value.data(), value.size()});
      }
      must(it_->status().ok(), "leveldb::Iterator");
      return sum;
    }

   private:
    leveldb::DB& db_;
    leveldb::ReadOptions options_;
    std::unique_ptr<leveldb::Iterator> it_;
  };

  class snapshots {
   public:
    explicit snapshots(raw_leveldb& of) : db_{*of.db_} {}
    void once() { db_.ReleaseSnapshot(db_.GetSnapshot()); }

   private:
    leveldb::DB& db_;
  };

  void compact() { db_->CompactRange(nullptr, nullptr); }

  /// Which tables there are: changes as long as the background works.
  std::string tables() const {
    std::string text;
    db_->GetProperty("leveldb.sstables", &text);
    return text;
  }

 private:
  static leveldb::Slice slice(bytes_view text) noexcept { return {text.data(), text.size()}; }

  std::unique_ptr<leveldb::Cache> cache_;
  std::unique_ptr<const leveldb::FilterPolicy> filter_;
  std::unique_ptr<leveldb::DB> db_;
};

}  // namespace datolite::bench
