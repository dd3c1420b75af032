// The command-line program: what it prints, how it refuses, and that a refused import leaves no trace.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <datolite/core/edn.hpp>
#include <datolite/core/scan.hpp>
#include <datolite/engines/lmdb.hpp>
#include <datolite/engines/url.hpp>
#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

namespace program_test {

using namespace datolite;

struct outcome {
  int code = -1;
  std::string out;
  std::string err;
};

std::string contents(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  std::ostringstream all;
  all << in.rdbuf();
  return all.str();
}

class program : public testing::Test {
 protected:
  program() {
    std::string name = testing::TempDir() + "datolite-program-XXXXXX";
    place = mkdtemp(name.data());
  }
  ~program() override { std::filesystem::remove_all(place); }

  /// Runs the program by the shell; `arguments` are quoted as there.
  outcome run(const std::string& arguments) {
    const std::string command = std::string{"'"} + DATOLITE_PROGRAM + "' " + arguments + " >'" +
                                (place / "out").string() + "' 2>'" + (place / "err").string() + "'";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, contents(place / "out"), contents(place / "err")};
  }

  std::string file(const std::string& name, const std::string& text) {
    std::ofstream{place / name, std::ios::binary} << text;
    return "'" + (place / name).string() + "'";
  }

  std::string db(const std::string& engine = "lmdb") {
    return "--db " + engine + ":'" + (place / "db").string() + "' ";
  }

  void make_films(const std::string& engine = "lmdb") {
    const outcome made =
        run("import " + db(engine) + file("schema.edn", schema) + " " + file("films.edn", films));
    ASSERT_EQ(made.code, 0) << made.err;
  }

  void expect_refused(const outcome& o, const std::string& reason) {
    EXPECT_EQ(o.code, 1) << o.out;
    EXPECT_NE(o.err.find(reason), std::string::npos) << o.err;
    EXPECT_EQ(o.err.find('\n'), o.err.size() - 1) << "not one message: " << o.err;
  }

  static constexpr const char* schema = R"([
    {:db/ident :film/title :db/valueType :db.type/string :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}
    {:db/ident :film/year  :db/valueType :db.type/long   :db/cardinality :db.cardinality/one :db/index true}
    {:db/ident :film/next  :db/valueType :db.type/ref    :db/cardinality :db.cardinality/one}])";
  static constexpr const char* films = R"([
    {:db/id "a" :film/title "Alien"  :film/year 1979 :film/next "b"}
    {:db/id "b" :film/title "Aliens" :film/year 1986}])";

  std::filesystem::path place;
};

TEST_F(program, imports_and_answers_on_each_durable_engine) {
  for (const std::string engine : {"lmdb", "leveldb"}) {
    make_films(engine);
    const outcome asked = run("query " + db(engine) +
                              "'[:find ?t ?y :in $ ?m :where [?f :film/title ?t] [?f :film/year ?y] "
                              "[(< ?y ?m)]]' --in 1980");
    EXPECT_EQ(asked.code, 0) << asked.err;
    EXPECT_EQ(asked.out, "t         y\nAlien  1979\n");
    EXPECT_EQ(asked.err, "1 row\n");
    std::filesystem::remove_all(place / "db");
  }
}

TEST_F(program, prints_json_and_edn) {
  make_films();
  const outcome as_json =
      run("query " + db() + "'[:find ?t ?y :where [?f :film/title ?t] [?f :film/year ?y]]' --format json");
  const auto rows = nlohmann::json::parse(as_json.out);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0]["t"], "Alien");
  EXPECT_EQ(rows[1]["y"], 1986);
  const outcome as_edn = run("query " + db() + "'[:find ?y :where [_ :film/year ?y]]' --format edn");
  EXPECT_EQ(read_edn(as_edn.out), read_edn("[{:y 1979} {:y 1986}]"));
}

TEST_F(program, an_export_says_names_as_they_were_when_they_were_used) {
  make_films();
  ASSERT_EQ(run("transact " + db() + "'[{:db/id :film/year :db/ident :film/released}]'").code, 0);
  ASSERT_EQ(run("transact " + db() +
                "'[{:db/ident :film/year :db/valueType :db.type/string :db/cardinality "
                ":db.cardinality/one}]'")
                .code,
            0);
  ASSERT_EQ(
      run("transact " + db() + "'[{:film/title \"Alien 3\" :film/year \"1992\" :film/released 1992}]'").code,
      0);
  ASSERT_EQ(run("export " + db() + "'" + (place / "all.edn").string() + "'").code, 0);
  const std::string other = "--db leveldb:'" + (place / "other").string() + "' ";
  const outcome again = run("import " + other + "'" + (place / "all.edn").string() + "'");
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(run("export " + other).out, contents(place / "all.edn"));
}

TEST_F(program, a_database_that_is_named_counts_more_than_that_of_the_environment) {
  make_films();
  const std::string other = "lmdb:'" + (place / "other").string() + "' ";
  const std::string more = file("more.edn", "[{:film/title \"More\"}]");
  ASSERT_EQ(run("import --db " + other + file("schema.edn", schema)).code, 0);
  for (const std::string& command : {"import " + more, std::string{"transact '[{:film/title \"Most\"}]'"}}) {
    ASSERT_EQ(setenv("DATOLITE_DB", ("lmdb:" + (place / "db").string()).c_str(), 1), 0);
    const outcome done = run(command + " --db " + other);
    unsetenv("DATOLITE_DB");
    EXPECT_EQ(done.code, 0) << done.err;
  }
  const std::string titles = "query '[:find ?t :where [_ :film/title ?t]]' --db ";
  EXPECT_EQ(run(titles + other).out, "t\nMore\nMost\n");
  EXPECT_EQ(run("query '[:find ?t :where [_ :film/title ?t]]' " + db()).out, "t\nAlien\nAliens\n");
}

TEST_F(program, edn_output_is_edn_whatever_is_asked_for) {
  make_films();
  const outcome asked =
      run("query " + db() + "'[:find ?t ?t (count ?f) :where [?f :film/title ?t]]' --format edn");
  EXPECT_EQ(asked.code, 0) << asked.err;
  EXPECT_EQ(
      to_edn(read_edn(asked.out)),
      to_edn(read_edn(
          R"edn([{:t "Alien" :t-2 "Alien" "(count ?f)" 1} {:t "Aliens" :t-2 "Aliens" "(count ?f)" 1}])edn")));
}

TEST_F(program, output_that_cannot_be_written_is_told) {
  make_films();
  const std::string command = std::string{"'"} + DATOLITE_PROGRAM + "' schema " + db() + ">/dev/full 2>'" +
                              (place / "err").string() + "'";
  EXPECT_NE(std::system(command.c_str()), 0);
  EXPECT_NE(contents(place / "err").find("could not be written"), std::string::npos);
}

TEST_F(program, an_export_makes_the_same_database_again) {
  make_films();
  ASSERT_EQ(run("transact " + db() +
                "'[[:db/add [:film/title \"Alien\"] :film/year 1978] "
                "[:db/retract [:film/title \"Aliens\"] :film/year 1986]]'")
                .code,
            0);
  ASSERT_EQ(run("export " + db() + "'" + (place / "all.edn").string() + "'").code, 0);
  const std::string other = "--db leveldb:'" + (place / "other").string() + "' ";
  const outcome again = run("import " + other + "'" + (place / "all.edn").string() + "'");
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(run("export " + other).out, contents(place / "all.edn"));
  EXPECT_EQ(run("log " + other + "--format edn").code, 0);
}

TEST_F(program, tempids_hold_across_the_batches_of_one_import) {
  const outcome made =
      run("import --batch 1 " + db() + file("schema.edn", schema) + " " + file("films.edn", films));
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_NE(made.err.find("5 transactions"), std::string::npos) << made.err;
  EXPECT_EQ(run("query " + db() +
                "'[:find ?n . :where [?f :film/title \"Alien\"] [?f :film/next ?g] [?g :film/title ?n]]'")
                .out,
            "n\nAliens\n");
}

TEST_F(program, imports_within_little_memory_what_it_imports_within_much) {
  std::string all = "[";
  for (int i = 0; i < 6000; ++i) {
    all += "{:film/title \"a film with the number " + std::to_string(i) + "\" :film/year " + std::to_string(i % 100) +
           "}\n" + (i % 500 == 499 ? "]\n[" : "");
  }
  const std::string films_file = file("many.edn", all + "]");
  for (const std::string how : {"--memory 1 ", "--memory 1 --batch 200 ", ""}) {
    const outcome made = run("import " + how + db("leveldb") + file("schema.edn", schema) + " " + films_file);
    ASSERT_EQ(made.code, 0) << made.err;
    EXPECT_NE(made.err.find("datoms in " + std::string{how.size() > 12 ? "38" : "14"}), std::string::npos) << made.err;
    EXPECT_EQ(run("check " + db("leveldb")).code, 0);
    EXPECT_EQ(run("query " + db("leveldb") + "'[:find (count ?f) . :where [?f :film/year 7]]' --format edn").out,
              "[{\"(count ?f)\" 60}]\n");
    const auto told = nlohmann::json::parse(run("stats " + db("leveldb") + "--format json").out);
    EXPECT_EQ(told[0]["packed"][":novelty"], 0);
    std::filesystem::remove_all(place / "db");
    for (const auto& left : std::filesystem::directory_iterator{place}) {
      EXPECT_EQ(left.path().string().find("import-"), std::string::npos) << left;
    }
  }
}

TEST_F(program, an_import_in_batches_goes_on_where_another_process_transacts_meanwhile) {
  make_films();
  const std::string pipe = (place / "pipe").string();
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  outcome made;
  std::thread importing{[&] {
    const std::string command = std::string{"'"} + DATOLITE_PROGRAM + "' import --batch 2 " + db() + "'" + pipe + "' 2>'" +
                                (place / "import-err").string() + "'";
    const int status = std::system(command.c_str());
    made = {WIFEXITED(status) ? WEXITSTATUS(status) : -1, "", contents(place / "import-err")};
  }};
  {
    std::ofstream forms{pipe};  // opens when the import reads: its load has begun
    forms << R"([{:db/id "x" :film/title "X"} {:film/title "Y" :film/next "z"} {:film/title "Alien" :film/year 1}
                 {:film/title "W" :film/next "x"})" << std::flush;
    const outcome other = run("transact " + db() + R"('[{:film/title "Meanwhile"} {:film/title "Aliens" :film/year 3}]')");
    EXPECT_EQ(other.code, 0) << other.err;
    forms << R"({:db/id "z" :film/title "Z"}])";
  }
  importing.join();
  EXPECT_EQ(made.code, 0) << made.err;
  EXPECT_NE(made.err.find(" in 3 transactions"), std::string::npos) << made.err;
  EXPECT_EQ(run("check " + db()).code, 0);
  EXPECT_EQ(run("query " + db() + "'[:find ?t :where [_ :film/title ?t]]'").out,
            "t\nAlien\nAliens\nMeanwhile\nW\nX\nY\nZ\n");
  EXPECT_EQ(run("query " + db() + "'[:find ?t ?n :where [?f :film/title ?t] [?f :film/next ?g] [?g :film/title ?n]]'").out,
            "t      n\nAlien  Aliens\nW      X\nY      Z\n");
  EXPECT_EQ(run("query " + db() + "'[:find ?y . :where [?f :film/title \"Alien\"] [?f :film/year ?y]]'").out, "y\n1\n");
}

TEST_F(program, an_import_of_all_or_nothing_begins_anew_where_another_process_transacts_meanwhile) {
  make_films();
  std::string many = "[";
  for (int i = 0; i < 20'000; ++i) many += "{:film/title \"film " + std::to_string(i) + "\"}\n";
  const std::string files = file("many.edn", many + "]");
  outcome made;
  std::thread importing{[&] {
    const std::string command = std::string{"'"} + DATOLITE_PROGRAM + "' import " + db() + files + " 2>'" +
                                (place / "import-err").string() + "'";
    const int status = std::system(command.c_str());
    made = {WIFEXITED(status) ? WEXITSTATUS(status) : -1, "", contents(place / "import-err")};
  }};
  for (int i = 0; i < 4; ++i) EXPECT_EQ(run("transact " + db() + "'[{:film/title \"Alien\" :film/year " + std::to_string(i) + "}]'").code, 0);
  importing.join();
  EXPECT_EQ(made.code, 0) << made.err;
  EXPECT_EQ(run("check " + db()).code, 0);
  EXPECT_EQ(run("query " + db() + "'[:find (count ?f) . :where [?f :film/title]]' --format edn").out, "[{\"(count ?f)\" 20002}]\n");

  const std::string pipe = (place / "pipe").string();  // which cannot be read again
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::thread piped{[&] {
    std::ofstream forms{pipe};
    forms << "[{:film/title \"X\"}]" << std::flush;
    EXPECT_EQ(std::system((std::string{"'"} + DATOLITE_PROGRAM + "' transact " + db() + "'[{:film/title \"Y\"}]' >/dev/null").c_str()), 0);
  }};
  expect_refused(run("import " + db() + "'" + pipe + "'"), "another process");
  piped.join();
  EXPECT_EQ(run("query " + db() + "'[:find ?f :where [?f :film/title \"X\"]]' --format edn").out, "[]\n");
}

TEST_F(program, the_past_is_asked_by_t) {
  make_films();
  ASSERT_EQ(run("transact " + db() + "'[[:db/add [:film/title \"Alien\"] :film/year 1]]'").code, 0);
  const std::string query =
      "query " + db() + "'[:find ?y . :where [?f :film/title \"Alien\"] [?f :film/year ?y]]'";
  EXPECT_EQ(run(query).out, "y\n1\n");
  EXPECT_EQ(run(query + " --as-of 1003").out, "   y\n1979\n");
}

TEST_F(program, stats_schema_and_log_tell_what_is_there) {
  make_films();
  const outcome stats = run("stats " + db());
  EXPECT_NE(stats.out.find(":film/title"), std::string::npos) << stats.out;
  EXPECT_NE(stats.out.find("lmdb"), std::string::npos) << stats.out;
  const auto counted = nlohmann::json::parse(run("stats " + db() + "--format json").out);
  EXPECT_EQ(counted[0]["datoms-by-attribute"][":film/year"], 2);
  EXPECT_EQ(counted[0]["engine"], "lmdb");
  EXPECT_EQ(counted[0]["packed"][":snapshots-held"], 1);
  EXPECT_EQ(counted[0]["packed"][":oldest-snapshot-commits"], 0);
  EXPECT_NE(run("schema " + db()).out.find(":film/year   :long"), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(run("log " + db() + "--format json").out).size(), 2u);
}

TEST_F(program, wrong_usage_is_2_and_help_teaches) {
  EXPECT_EQ(run("").code, 2);
  EXPECT_EQ(run("fly").code, 2);
  EXPECT_EQ(run("query").code, 2);
  EXPECT_EQ(run("query " + db() + "'[:find ?x :where [?x]]' --format xml").code, 2);
  const outcome help = run("--help");
  EXPECT_EQ(help.code, 0);
  EXPECT_NE(help.out.find("datolite import --db lmdb:films.db"), std::string::npos);
}

// -- bad input: one message with the place and the reason, exit code 1, and the database as it was

TEST_F(program, a_malformed_file_is_refused_with_its_place) {
  expect_refused(run("import " + db() + file("cut.edn", "[{:film/title \"Alien\"")), "cut.edn:1:");
  expect_refused(run("import " + db() + file("bad.edn", "[]\n  }")), "bad.edn:2:3");
  expect_refused(run("import " + db() + file("utf8.edn", "[\"\xFF\"]")), "utf8.edn:1:");
  expect_refused(run("import " + db() + file("map.edn", "{:film/title 1}")), "map.edn:1:1");
  EXPECT_FALSE(std::filesystem::exists(place / "db"));
}

TEST_F(program, nesting_100000_deep_is_refused) {
  expect_refused(run("import " + db() + file("deep.edn", std::string(100'000, '['))), "deep.edn:1:");
}

TEST_F(program, a_refused_import_leaves_no_trace) {
  const std::string good = file("schema.edn", schema) + " ";
  expect_refused(run("import " + db() + good + file("unknown.edn", "[{:film/titel \"Alien\"}]")),
                 ":film/titel");
  EXPECT_FALSE(std::filesystem::exists(place / "db"));
  make_films();
  const std::string before = run("export " + db()).out;
  expect_refused(run("import " + db() + file("more.edn", "[{:film/title \"More\"}]") + " " +
                     file("type.edn", "[{:film/title \"Dune\" :film/year \"1984\"}]")),
                 ":film/year");
  expect_refused(run("import " + db() + file("form.edn", "[[:db/add 1]]")), "[:db/add 1]");
  EXPECT_EQ(run("export " + db()).out, before);
}

TEST_F(program, the_batches_before_a_refused_one_stay) {
  const std::string good = file("schema.edn", schema) + " " + file("films.edn", films) + " ";
  const std::string bad = file("cut.edn", R"([{:film/title "X"} {:film/title "Y"} {:film/title "Z"} {:film/year "?"}])") + " ";
  const std::string unread = file("torn.edn", R"([{:film/title "V"} {:film/title "W"} {:film/titl)");
  const std::string titles = "'[:find ?t :where [_ :film/title ?t]]'";
  for (const std::string engine : {"lmdb", "leveldb"}) {
    expect_refused(run("import --batch 1 " + db(engine) + good + bad), "the 8 transactions before it stay");
    EXPECT_EQ(run("query " + db(engine) + titles).out, "t\nAlien\nAliens\nX\nY\nZ\n") << "in a new database";
    expect_refused(run("import --batch 1 " + db(engine) + unread), "torn.edn:1:");
    EXPECT_EQ(run("query " + db(engine) + titles).out, "t\nAlien\nAliens\nV\nW\nX\nY\nZ\n") << "in one that there was";
    EXPECT_EQ(run("check " + db(engine)).code, 0);
    std::filesystem::remove_all(place / "db");
    expect_refused(run("import --batch 1 " + db(engine) + bad), ":film/title");
    EXPECT_FALSE(std::filesystem::exists(place / "db")) << "there was none before it";
  }
}

TEST_F(program, an_import_removes_what_killed_ones_have_left_and_nothing_else) {
  std::vector<std::pair<::pid_t, std::unique_ptr<std::ofstream>>> running;
  const auto begin = [&](const std::string& engine) {
    const std::string url = engine + ":" + (place / "db").string();
    const std::string pipe = (place / "pipe").string() + std::to_string(running.size());
    EXPECT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    const ::pid_t child = ::fork();
    if (child == 0) {
      ::execl(DATOLITE_PROGRAM, "datolite", "import", "--db", url.c_str(), pipe.c_str(), nullptr);
      ::_exit(127);
    }
    running.emplace_back(child, std::make_unique<std::ofstream>(pipe));  // opens when it reads
    return (place / "db.import-").string() + std::to_string(child);
  };
  const std::string tree = begin("leveldb"), one = begin("lmdb"), open = begin("lmdb");
  for (const auto& [child, pipe] : running) {
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
  }
  for (const std::string& left : {tree, one, one + "-lock", open}) ASSERT_TRUE(std::filesystem::exists(left)) << left;
  const engines::lmdb held{open};  // as where the process has another number here
  const std::string beside[] = {(place / "db.import-").string() + std::to_string(::getpid()),
                                (place / "db.import-x1").string(),
                                (place / "other").string() + one.substr((place / "db").string().size())};
  for (const std::string& file : beside) std::ofstream{file} << "mine";
  make_films();
  for (const std::string& left : {tree, one, one + "-lock"}) EXPECT_FALSE(std::filesystem::exists(left)) << left;
  EXPECT_TRUE(std::filesystem::exists(open) && std::filesystem::exists(open + "-lock"));
  for (const std::string& file : beside) EXPECT_EQ(contents(file), "mine") << file;
}

TEST_F(program, missing_files_and_databases_are_named) {
  expect_refused(run("import " + db() + "'" + (place / "none.edn").string() + "'"), "none.edn");
  expect_refused(run("query " + db() + "'[:find ?x :where [?x]]'"), (place / "db").string());
  EXPECT_FALSE(std::filesystem::exists(place / "db"));
  expect_refused(run("stats --db leveldb:'" + (place / "nothing").string() + "'"), "nothing");
  expect_refused(run("stats --db oracle:x"), "oracle");
}

TEST_F(program, a_malformed_query_names_its_clause) {
  make_films();
  expect_refused(run("query " + db() + "'[:find ?x :where [?f :film/title ?t]]'"), "?x");
  expect_refused(run("query " + db() + "'[:find ?t :where [?f :film/title ?t] [(nofun ?t)]]'"), "nofun");
  expect_refused(run("query " + db() + "'[:find ?t :in $ ?x :where [?f :film/title ?t]]'"), "?x");
  expect_refused(run("query " + db() + "'[:find ?t'"), "query:1:");
}

TEST_F(program, a_path_without_permission_is_refused) {
  if (geteuid() == 0) {
    // Root may open anything but what is no directory.
    file("plain", "x");
    expect_refused(
        run("import --db lmdb:'" + (place / "plain" / "db").string() + "' " + file("schema.edn", schema)),
        "plain");
    return;
  }
  std::filesystem::create_directory(place / "closed");
  std::filesystem::permissions(place / "closed", std::filesystem::perms::none);
  expect_refused(
      run("import --db lmdb:'" + (place / "closed" / "db").string() + "' " + file("schema.edn", schema)),
      "closed");
  std::filesystem::permissions(place / "closed", std::filesystem::perms::owner_all);
}

/// The keys of the database, and their values.
std::map<std::string, std::string> raw(const std::filesystem::path& path) {
  const engines::lmdb store{path.string()};
  std::map<std::string, std::string> all;
  const auto seen = store.snapshot();
  for (auto [k, v] : scan(seen, everything())) all.emplace(k, v);
  return all;
}

void overwrite(const std::filesystem::path& path, const std::string& key, const std::string& v) {
  engines::lmdb store{path.string()};
  const change one[] = {{key, v}};
  store.commit(one);
}

TEST_F(program, a_corrupted_value_in_the_engine_is_refused) {
  make_films();
  auto all = raw(place / "db");
  auto& [key, record] = *std::prev(all.lower_bound("\x31"));  // the newest transaction in the log
  std::string damaged = record;
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x20);
  overwrite(place / "db", key, damaged);
  expect_refused(run("stats " + db()), "checksum");
}

TEST_F(program, check_says_whether_all_is_whole_and_compact_merges_and_copies) {
  make_films();
  const outcome before = run("check " + db());
  EXPECT_EQ(before.code, 0) << before.err;
  EXPECT_NE(before.out.find("is whole"), std::string::npos) << before.out;
  const std::string copy = "lmdb:'" + (place / "copy").string() + "'";
  EXPECT_EQ(run("compact " + db() + "--into " + copy).code, 0);
  EXPECT_EQ(run("check --db " + copy).code, 0);
  EXPECT_EQ(run("export --db " + copy).out, run("export " + db()).out);
  expect_refused(run("compact " + db() + "--into " + copy), "not empty");
  const auto told = nlohmann::json::parse(run("stats --db " + copy + " --format json").out);
  EXPECT_EQ(told[0]["packed"][":novelty"], 0);
  auto all = raw(place / "copy");
  for (const auto& [key, stored] : all) {
    if (key[0] != '\x40') continue;
    std::string damaged = stored;
    damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x20);
    overwrite(place / "copy", key, damaged);
    break;
  }
  const outcome after = run("check --db " + copy);
  EXPECT_EQ(after.code, 1);
  EXPECT_NE(after.err.find("0x40"), std::string::npos) << after.err;
  EXPECT_NE(after.err.find("checksum"), std::string::npos) << after.err;
  EXPECT_NE(after.err.find("is not whole"), std::string::npos) << after.err;
}

TEST_F(program, a_database_of_a_newer_format_is_refused) {
  make_films();
  auto all = raw(place / "db");
  auto& [key, format] = *all.begin();
  std::string newer = format;
  bool refused = false;
  for (std::size_t i = 0; i < newer.size() && !refused; ++i) {  // wherever the version stands
    newer = format;
    newer[i] = static_cast<char>(newer[i] + 1);
    overwrite(place / "db", key, newer);
    const outcome o = run("stats " + db());
    refused = o.code == 1 && o.err.find("newer") != std::string::npos;
  }
  EXPECT_TRUE(refused);
}

}  // namespace program_test
