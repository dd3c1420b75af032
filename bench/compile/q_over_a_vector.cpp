// A query over a vector of tuples, without a database.
#include <datolite/query/query.hpp>

#include <string>
#include <tuple>
#include <vector>

std::size_t adults(const std::vector<std::tuple<std::string, int>>& people) {
  return datolite::q("[:find ?n :where [?n ?a] [(<= 18 ?a)]]", people).size();
}
