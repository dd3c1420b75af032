// Where the rules of transactions are tried: a database in memory in which Ivan (101) and Petr (102) are.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "stores.hpp"
#include "support.hpp"

namespace datolite_test {

class two_people : public testing::Test {
 protected:
  /// REQUIRES: the schema has :name, :age, :email (an identity), :tag (many) and :badge (unique).
  explicit two_people(std::string_view schema) {
    transact(conn, schema);
    transact(conn, R"([{:db/id 101 :name "Ivan" :age 15 :email "ivan@x" :tag ["a" "b"]}
                       {:db/id 102 :name "Petr" :age 37 :email "petr@x" :badge 7}])");
  }
  std::string of(const value& e, std::string_view a) { return values_of(conn.db(), e, a); }
  /// How many datoms a transaction has, its txInstant not counted.
  std::size_t size(std::string_view text) { return transact(conn, text).tx_data.size() - 1; }
  void refused(std::string_view text, std::string_view code, std::string_view words = {}) {
    expect_refused(conn, text, code, words);
  }

  connection conn{new_memory()};
};

}  // namespace datolite_test
