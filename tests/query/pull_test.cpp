// Pull over a plain set of datoms: what a pattern shows, law by law.
#include <string>
#include <vector>

#include <datolite/core/edn.hpp>
#include <datolite/query/functions.hpp>
#include <datolite/query/pull.hpp>

#include <query/datom_set.hpp>

#include <gtest/gtest.h>
#include <support/effort.hpp>

namespace datolite_test {
namespace pull_test {

/// People 1 to 9, and things made of parts, 10 to 18.
class pulling : public testing::Test {
 protected:
  pulling() {
    set.attribute("name", kind::string);
    set.many("aka", kind::string);
    set.many("child", kind::ref);
    set.many("friend", kind::ref);
    set.many("enemy", kind::ref);
    set.attribute("father", kind::ref);
    set.part("part", true);
    set.part("spec");
    const char* names[] = {"Petr",    "David", "Thomas", "Lucy",   "Elizabeth",
                           "Matthew", "Eunan", "Kerri",  "Rebecca"};
    for (int i = 0; i < 9; ++i) set.add(i + 1, "name", names[i]);
    set.add(1, "aka", "Devil"), set.add(1, "aka", "Tupen");
    set.add(1, "child", 2), set.add(1, "child", 3);
    set.add(2, "father", 1), set.add(3, "father", 1), set.add(6, "father", 3);
    const std::pair<int, int> parts[] = {{10, 11}, {11, 12}, {12, 13}, {12, 14},
                                         {10, 15}, {15, 16}, {16, 17}};
    for (int i = 10; i < 18; ++i) set.add(i, "name", "part " + std::to_string(i));
    for (const auto& [whole, part] : parts) set.add(whole, "part", part);
  }

  std::string pulled(const char* pattern, const value& entity) const {
    return to_edn(pull(set, pattern, entity), edn_style::plain);
  }

  datom_set set;
};

TEST_F(pulling, attributes_and_the_id) {
  EXPECT_EQ(pulled("[:name :aka]", 1), R"({:aka ["Devil" "Tupen"], :name "Petr"})");
  EXPECT_EQ(pulled("[:name :father :db/id]", 6), R"({:db/id 6, :father {:db/id 3}, :name "Matthew"})");
}

// 53
TEST_F(pulling, what_is_missing_is_left_out_and_nothing_at_all_is_an_empty_map) {
  EXPECT_EQ(pulled("[:name :aka :unknown]", 2), R"({:name "David"})");
  EXPECT_EQ(pulled("[:aka]", 2), "{}");
  EXPECT_EQ(pulled("[:aka]", 999), "{}");
  EXPECT_EQ(pulled("[:unknown]", 1), "{}");
  EXPECT_EQ(pulled("[:name {:father [:name]}]", 1), R"({:name "Petr"})");
  EXPECT_EQ(pulled("[:name {:father [:aka]}]", 6), R"({:name "Matthew"})");
}

TEST_F(pulling, entities_that_a_nested_pattern_finds_nothing_of_leave_an_empty_vector) {
  EXPECT_EQ(pulled("[:name {:child [:aka]}]", 1), R"({:child [], :name "Petr"})");
  EXPECT_EQ(pulled("[{:_father [:aka {:_father [:name]}]}]", 1),
            R"({:_father [{:_father [{:name "Matthew"}]}]})");
}

// 57
TEST_F(pulling, an_id_without_datoms_has_that_id_and_a_name_that_is_none_gives_nil) {
  EXPECT_EQ(pulled("[:db/id]", 999), "{:db/id 999}");
  EXPECT_EQ(pulled("[*]", 999), "{:db/id 999}");
  EXPECT_EQ(pulled("[:name]", read_edn(":nobody")), "nil");
  EXPECT_EQ(pulled("[*]", read_edn(R"([:name "nobody"])")), "nil");
}

TEST_F(pulling, entities_go_by_id_ident_and_lookup_ref) {
  set.name(2, "person/david");
  EXPECT_EQ(pulled("[:name]", value::ref(2)), R"({:name "David"})");
  EXPECT_EQ(pulled("[:name]", read_edn(":person/david")), R"({:name "David"})");
  EXPECT_EQ(pulled("[:name]", read_edn(R"([:name "David"])")), R"({:name "David"})");
  EXPECT_THROW(pull(set, "[:name]", "David"), error);
}

TEST_F(pulling, many_keep_their_order_and_nil_stands_for_who_is_not_there) {
  const std::vector<value> entities{value{5}, read_edn(R"([:name "Petr"])"), read_edn(R"([:name "?"])"),
                                    value{1}};
  EXPECT_EQ(to_edn(value::vector(pull_many(set, "[:aka]", entities))),
            R"([{} {:aka ["Devil" "Tupen"]} nil {:aka ["Devil" "Tupen"]}])");
  EXPECT_EQ(pull_many(set, "[:name]", std::vector<int>{1, 2}).size(), 2u);
}

TEST_F(pulling, a_ref_to_an_entity_with_a_name_shows_it) {
  set.name(3, "person/thomas");
  EXPECT_EQ(pulled("[:child]", 1), "{:child [{:db/id 2} {:db/id 3, :db/ident :person/thomas}]}");
}

TEST_F(pulling, ids_are_refs) {
  EXPECT_TRUE(find_keyword(pull(set, "[:db/id]", 1), "db/id")->is(kind::ref));
  EXPECT_TRUE(find_keyword(*find_keyword(pull(set, "[:father]", 2), "father"), "db/id")->is(kind::ref));
}

// 55
TEST_F(pulling, backwards_leads_to_a_vector_but_to_the_one_whole_from_its_part) {
  EXPECT_EQ(pulled("[:name :_child]", 2), R"({:_child [{:db/id 1}], :name "David"})");
  EXPECT_EQ(pulled("[:_father]", 1), "{:_father [{:db/id 2} {:db/id 3}]}");
  EXPECT_EQ(pulled("[{:_father [:name]}]", 1), R"({:_father [{:name "David"} {:name "Thomas"}]})");
  EXPECT_EQ(pulled("[:_part]", 11), "{:_part {:db/id 10}}");
  EXPECT_EQ(pulled("[{:_part [:name]}]", 11), R"({:_part {:name "part 10"}})");
  EXPECT_EQ(pulled("[:_father :_unknown :_name]", 9), "{}");
  EXPECT_EQ(pulled("[:x/_y :name]", 9), R"({:name "Rebecca"})");
}

TEST_F(pulling, components_are_shown_whole_unless_a_map_says_otherwise) {
  EXPECT_EQ(pulled("[:name :part]", 11),
            R"({:name "part 11", :part [{:db/id 12, :name "part 12", :part [{:db/id 13, :name "part 13"} )"
            R"({:db/id 14, :name "part 14"}]}]})");
  EXPECT_EQ(pulled("[:name {:part [:name]}]", 10),
            R"({:name "part 10", :part [{:name "part 11"} {:name "part 15"}]})");
  EXPECT_EQ(pulled("[:name {:part 1}]", 10),
            R"({:name "part 10", :part [{:name "part 11"} {:name "part 15"}]})");
  set.add(13, "spec", 18);
  EXPECT_EQ(pulled("[:spec]", 13), R"({:spec {:db/id 18}})");
}

TEST_F(pulling, parts_that_are_made_of_their_whole_end_at_an_id) {
  set.add(14, "part", 12);
  EXPECT_EQ(pulled("[:part]", 12),
            R"({:part [{:db/id 13, :name "part 13"} {:db/id 14, :name "part 14", :part [{:db/id 12, )"
            R"(:name "part 12", :part [{:db/id 13, :name "part 13"} {:db/id 14}]}]}]})");
  set.add(18, "part", 18);
  EXPECT_EQ(pulled("[*]", 18), "{:db/id 18, :part [{:db/id 18, :part [{:db/id 18}]}]}");
}

TEST_F(pulling, the_wildcard_shows_all_attributes_but_those_that_are_named_as_they_say) {
  EXPECT_EQ(pulled("[*]", 1),
            R"({:aka ["Devil" "Tupen"], :child [{:db/id 2} {:db/id 3}], :db/id 1, :name "Petr"})");
  EXPECT_EQ(pulled("[\"*\"]", 9), R"({:db/id 9, :name "Rebecca"})");
  EXPECT_EQ(pulled("[* :_child]", 2),
            R"({:_child [{:db/id 1}], :db/id 2, :father {:db/id 1}, :name "David"})");
  EXPECT_EQ(pulled("[{:child [:name]} *]", 1), pulled("[* {:child [:name]}]", 1));
  EXPECT_EQ(pulled("[* {:child [:name]} (:aka :limit 1)]", 1),
            R"({:aka ["Devil"], :child [{:name "David"} {:name "Thomas"}], :db/id 1, :name "Petr"})");
  EXPECT_EQ(pulled("[* [:name :as :called] (:db/id :as :id)]", 9), R"({:called "Rebecca", :id 9})");
  EXPECT_EQ(pulled("[* {:father 1}]", 6),
            R"({:db/id 6, :father {:db/id 3, :name "Thomas"}, :name "Matthew"})");
}

TEST_F(pulling, a_recursion_goes_as_many_levels_down_as_it_says) {
  for (const auto& [from, to] : {std::pair{4, 5}, {5, 6}, {6, 7}, {7, 8}}) set.add(from, "friend", to);
  EXPECT_EQ(pulled("[:db/id {:friend 1}]", 4), "{:db/id 4, :friend [{:db/id 5}]}");
  EXPECT_EQ(pulled("[:db/id {:friend 2}]", 4), "{:db/id 4, :friend [{:db/id 5, :friend [{:db/id 6}]}]}");
  EXPECT_EQ(pulled("[:db/id {:friend 100}]", 6), "{:db/id 6, :friend [{:db/id 7, :friend [{:db/id 8}]}]}");
  EXPECT_EQ(pulled("[:db/id {:friend ...}]", 6), pulled("[:db/id {:friend 100}]", 6));
  EXPECT_EQ(pulled("[:db/id {:_friend ...}]", 6), "{:_friend [{:_friend [{:db/id 4}], :db/id 5}], :db/id 6}");
}

TEST_F(pulling, each_recursion_of_a_pattern_has_its_own_depth) {
  set.add(1, "friend", 2), set.add(2, "enemy", 3), set.add(3, "friend", 4), set.add(4, "enemy", 5);
  set.add(5, "friend", 6);
  EXPECT_EQ(pulled("[:db/id {:friend ...}]", 1), "{:db/id 1, :friend [{:db/id 2}]}");
  EXPECT_EQ(pulled("[:db/id {:friend 1 :enemy 1}]", 1),
            "{:db/id 1, :friend [{:db/id 2, :enemy [{:db/id 3}]}]}");
  EXPECT_EQ(
      pulled("[:db/id {:friend 2 :enemy 2}]", 1),
      "{:db/id 1, :friend [{:db/id 2, :enemy [{:db/id 3, :friend [{:db/id 4, :enemy [{:db/id 5}]}]}]}]}");
}

// 54
TEST_F(pulling, a_recursion_shows_whom_it_came_to_on_its_way_as_an_id_only) {
  set.add(4, "friend", 5), set.add(5, "friend", 6), set.add(6, "friend", 4), set.add(6, "friend", 6);
  EXPECT_EQ(
      pulled("[:name {:friend ...}]", 4),
      R"({:friend [{:friend [{:friend [{:friend [{:db/id 5}], :name "Lucy"} {:db/id 6}], :name "Matthew"}], )"
      R"(:name "Elizabeth"}], :name "Lucy"})");
}

TEST_F(pulling, who_was_seen_on_another_branch_is_shown_again) {
  set.add(1, "friend", 2), set.add(1, "friend", 3), set.add(2, "friend", 4), set.add(3, "friend", 4);
  EXPECT_EQ(
      pulled("[:name {:friend ...}]", 1),
      R"({:friend [{:friend [{:name "Lucy"}], :name "David"} {:friend [{:name "Lucy"}], :name "Thomas"}], )"
      R"(:name "Petr"})");
  EXPECT_EQ(
      pulled("[:name {:friend [:name {:child [:name]}] :child [:name]}]", 1),
      R"({:child [{:name "David"} {:name "Thomas"}], :friend [{:name "David"} {:name "Thomas"}], :name "Petr"})");
}

TEST_F(pulling, a_recursion_within_a_nested_pattern_begins_anew) {
  set.add(1, "friend", 2), set.add(2, "friend", 1);
  EXPECT_EQ(pulled("[:name {:friend [:db/id {:friend 1}]}]", 1),
            R"({:friend [{:db/id 2, :friend [{:db/id 1}]}], :name "Petr"})");
  EXPECT_EQ(
      pulled("[:name {:child [:name {:father [:name {:friend ...}]}]}]", 1),
      R"({:child [{:father {:friend [{:friend [{:friend [{:db/id 2}], :name "Petr"}], :name "David"}], )"
      R"(:name "Petr"}, :name "David"} {:father {:friend [{:friend [{:friend [{:db/id 2}], :name "Petr"}], )"
      R"(:name "David"}], :name "Petr"}, :name "Thomas"}], :name "Petr"})");
}

TEST_F(pulling, at_most_a_thousand_values_are_taken_unless_a_limit_says_otherwise) {
  for (int i = 0; i < 2000; ++i) set.add(8, "aka", "aka " + std::to_string(i)), set.add(20 + i, "father", 8);
  const auto size = [&](const char* pattern, const char* key) {
    return find_keyword(pull(set, pattern, 8), key)->elements().size();
  };
  EXPECT_EQ(size("[:aka]", "aka"), 1000u);
  EXPECT_EQ(size("[*]", "aka"), 1000u);
  EXPECT_EQ(size("[(:aka :limit 500)]", "aka"), 500u);
  EXPECT_EQ(size("[(limit :aka 1500)]", "aka"), 1500u);
  EXPECT_EQ(size("[(limit :aka nil)]", "aka"), 2000u);
  EXPECT_EQ(size("[[:aka :limit nil]]", "aka"), 2000u);
  EXPECT_EQ(size("[:_father]", "_father"), 1000u);
  EXPECT_EQ(size("[(:_father :limit nil)]", "_father"), 2000u);
  EXPECT_EQ(size("[{(:_father :limit 2) [:db/id]}]", "_father"), 2u);
  EXPECT_EQ(size("[{(:_father :limit 3) [:aka]}]", "_father"), 0u);
}

TEST_F(pulling, values_past_the_limit_are_not_read_one_by_one) {
  for (int i = 0; i < test::rounds(100'000, 100'000); ++i) set.add(8, "aka", "aka " + std::to_string(i));
  set.add(8, "spec", 9);
  set.seeks = 0;
  EXPECT_EQ(pulled("[(:aka :limit 1) {:spec [:name]} :name]", 8),
            R"({:aka ["aka 0"], :name "Kerri", :spec {:name "Rebecca"}})");
  EXPECT_LE(set.seeks, 3u);
}

TEST_F(pulling, an_entity_costs_one_search_however_many_attributes_are_asked_for) {
  set.seeks = 0;
  pulled("[:name :aka :child :friend :enemy :father :part :spec]", 1);
  EXPECT_EQ(set.seeks, 1u);
  pulled("[*]", 1);
  EXPECT_EQ(set.seeks, 2u);
}

TEST_F(pulling, a_default_stands_for_what_is_missing_false_and_nil_too) {
  EXPECT_EQ(pulled("[(:aka :default \"none\")]", 2), R"({:aka "none"})");
  EXPECT_EQ(pulled("[(default :aka \"none\")]", 2), R"({:aka "none"})");
  EXPECT_EQ(pulled("[(:unknown :default false)]", 2), "{:unknown false}");
  EXPECT_EQ(pulled("[(:aka :default nil)]", 2), "{:aka nil}");
  EXPECT_EQ(pulled("[(:aka :default \"none\")]", 1), R"({:aka ["Devil" "Tupen"]})");
  EXPECT_EQ(pulled("[(:_child :default 7) {(:father :default 8) [:name]}]", 1), "{:_child 7, :father 8}");
  EXPECT_EQ(pulled("[* (:aka :default 0)]", 9), R"({:aka 0, :db/id 9, :name "Rebecca"})");
}

TEST_F(pulling, as_names_the_result_anything) {
  EXPECT_EQ(pulled("[(:name :as \"Name\") [:aka :as 7] (:_child :as nil)]", 1),
            R"({7 ["Devil" "Tupen"], "Name" "Petr"})");
  EXPECT_EQ(pulled("[{(:father :as :parent) [(:name :as :x)]}]", 2), R"({:parent {:x "Petr"}})");
  EXPECT_EQ(pulled("[(:father :as :x) (:name :as :x)]", 2), R"({:x "David"})");
  EXPECT_EQ(pulled("[(:name :as :x) (:aka :as :x)]", 2), R"({:x "David"})");
}

// 56
TEST_F(pulling, an_xform_gets_what_was_found_or_nil_but_never_a_default) {
  query::register_function("test/shape", [](const value& v) {
    return value{std::string{to_string(v.kind())} + std::to_string(v.elements().size())};
  });
  EXPECT_EQ(pulled("[(:name :xform test/shape)]", 1), R"({:name "string0"})");
  EXPECT_EQ(pulled("[(:aka :xform test/shape) {(:child :xform test/shape) [:name]}]", 1),
            R"({:aka "vector2", :child "vector2"})");
  EXPECT_EQ(pulled("[(:father :xform test/shape) (:unknown :xform test/shape)]", 1),
            R"({:father "nil0", :unknown "nil0"})");
  EXPECT_EQ(pulled("[(:father :xform test/shape :default 3)]", 1), "{:father 3}");
  EXPECT_EQ(pulled("[(:db/id :xform str) (:aka :xform vector)]", 1),
            R"({:aka [["Devil" "Tupen"]], :db/id "1"})");
  EXPECT_EQ(pulled("[(:name :xform clojure.core/keyword)]", 1), "{:name :Petr}");
  EXPECT_EQ(pulled("[(:name :xform symbol :as name)]", 1), "{name Petr}");
  EXPECT_EQ(pulled("[(:name :xform \"read-string\")]", 1), "{:name Petr}");
  EXPECT_EQ(pulled("[(:aka :xform keyword)]", 2), "{}");
}

TEST_F(pulling, what_an_xform_throws_names_the_attribute) {
  try {
    pulled("[:aka (:father :xform name)]", 2);
    FAIL();
  } catch (const error& e) {
    EXPECT_NE(e.message().find("(:father :xform name)"), std::string::npos) << e.message();
  }
}

// 56
TEST_F(pulling, of_two_specs_of_one_attribute_the_last_counts) {
  EXPECT_EQ(pulled("[(:name :as :x) :name]", 1), R"({:name "Petr"})");
  EXPECT_EQ(pulled("[:name (:name :as :x)]", 1), R"({:x "Petr"})");
  EXPECT_EQ(pulled("[{:child [:name]} :child]", 1), "{:child [{:db/id 2} {:db/id 3}]}");
  EXPECT_EQ(pulled("[:child {:child [:name]} :_child]", 1), R"({:child [{:name "David"} {:name "Thomas"}]})");
}

TEST_F(pulling, two_names_of_one_attribute_both_show_it) {
  set.rename("aka", "alias");
  EXPECT_EQ(pulled("[(:aka :limit 1) :alias :name]", 1),
            R"({:aka ["Devil"], :alias ["Devil" "Tupen"], :name "Petr"})");
  EXPECT_EQ(pulled("[:alias]", 1), R"({:alias ["Devil" "Tupen"]})");
}

TEST_F(pulling, a_history_has_nothing_to_pull) {
  set.history = true;
  try {
    pulled("[:name]", 1);
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), "db.error/history-db");
  }
}

TEST_F(pulling, a_map_for_an_attribute_that_is_no_ref_is_refused_when_it_has_a_value) {
  try {
    pulled("[{:name [:db/id]}]", 1);
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), "db.error/invalid-pull");
    EXPECT_NE(e.message().find("{:name [:db/id]}"), std::string::npos) << e.message();
  }
}

TEST(depth, of_the_data_is_bounded_by_memory_alone) {
  const int deep = test::rounds(100'000, 100'000);
  datom_set set;
  set.part("part");
  set.attribute("n");
  for (int i = 1; i <= deep; ++i) {
    set.add(i, "n", i);
    if (i < deep) set.add(i, "part", i + 1);
  }
  for (const char* pattern : {"[:n :part]", "[:n {:part ...}]", "[:n {:part 100000}]"}) {
    const value top = pull(set, pattern, 1);
    int levels = 1;
    const value* at = &top;
    for (const value* next = at; (next = find_keyword(*at, "part")) != nullptr; ++levels) at = next;
    EXPECT_EQ(levels, deep) << pattern;
    EXPECT_EQ(find_keyword(*at, "n")->as_long(), deep) << pattern;
  }
}

TEST(depth, of_a_pattern_is_bounded_by_memory_alone) {
  datom_set set;
  set.attribute("next", kind::ref);
  const int deep = test::rounds(100'000, 100'000);
  for (int i = 1; i < deep; ++i) set.add(i, "next", i + 1);
  value pattern = read_edn("[:db/id]");
  for (int i = 1; i < deep; ++i) {
    pattern = value::vector({make_map({{value::keyword("next"), pattern}})});
  }
  const value top = pull(set, pattern, 1);
  const value* at = &top;
  int levels = 1;
  for (const value* next = at; (next = find_keyword(*at, "next")) != nullptr; ++levels) at = next;
  EXPECT_EQ(levels, deep);
}

// ---- patterns

struct refusal {
  const char* pattern;
  const char* names;  // what the message must say
  const char* code = "db.error/invalid-pull";
};

void PrintTo(const refusal& r, std::ostream* out) { *out << r.pattern; }

class malformed_pull : public testing::TestWithParam<refusal> {};

TEST_P(malformed_pull, is_refused_naming_the_bad_part) {
  try {
    const pull_pattern made{GetParam().pattern};
    FAIL() << "was taken";
  } catch (const error& e) {
    EXPECT_EQ(e.code(), GetParam().code) << e.what();
    EXPECT_EQ(e.category(), error_category::incorrect);
    EXPECT_NE(e.message().find(GetParam().names), std::string::npos) << e.what();
  }
}

INSTANTIATE_TEST_SUITE_P(
    patterns, malformed_pull,
    testing::Values(refusal{"[]", "in []"}, refusal{"{}", "vector"}, refusal{":name", "in :name"},
                    refusal{"5", "in 5"}, refusal{"[5]", "in 5"}, refusal{"[name]", "in name"},
                    refusal{"[nil]", "in nil"}, refusal{"[:a []]", "in []"},
                    refusal{"[:a {}]", "{} names no attribute"}, refusal{"[[5 :as :x]]", "[5 :as :x]"},
                    refusal{"[(:a :as)]", "(:a :as)"}, refusal{"[(:a :size 5)]", ":size"},
                    refusal{"[(:a :as 1 :as 2)]", ":as is there twice"},
                    refusal{"[(:a :limit 0)]", "(:a :limit 0)"}, refusal{"[(:a :limit -1)]", "positive"},
                    refusal{"[(:a :limit \"5\")]", "positive"}, refusal{"[(limit :a 0)]", "(limit :a 0)"},
                    refusal{"[(limit :a)]", "(limit :a)"}, refusal{"[(default :a 1 2)]", "(default :a 1 2)"},
                    refusal{"[(limit a 1)]", "(limit a 1)"}, refusal{"[(max :a 1)]", "(max :a 1)"},
                    refusal{"[{:a 0}]", "{:a 0}"}, refusal{"[{:a -2}]", "{:a -2}"},
                    refusal{"[{:a :b}]", "in :b"}, refusal{"[{:a [:b {:c []}]}]", "in []"},
                    refusal{"[{5 [:b]}]", "in 5"}, refusal{"[{:db/id [:b]}]", ":db/id"},
                    refusal{"[:ns/_]", ":ns/_"}, refusal{"[:_]", ":_"},
                    refusal{"[(:a :xform 5)]", "(:a :xform 5)"},
                    refusal{"[(:a :xform no/such)]", "no/such", "db.error/unknown-function"},
                    refusal{"[(:a :xform quot)]", "quot", "db.error/wrong-arity"},
                    refusal{"[:a", "pull:1", "edn.error/unclosed"}));

TEST(pattern, is_a_value_that_many_pulls_share) {
  const pull_pattern made = "[:a {:b [:c]}]";
  const pull_pattern same = made;
  EXPECT_EQ(made.form(), read_edn("[:a {:b [:c]}]"));
  EXPECT_EQ(made.nodes().size(), 2u);
  EXPECT_EQ(made.nodes().data(), same.nodes().data());
}

}  // namespace pull_test
}  // namespace datolite_test
