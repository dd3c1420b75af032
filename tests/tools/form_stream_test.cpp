// form_stream: whatever a file holds, it reads, and refuses, what the EDN reader does of the whole text.
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include <cli/form_stream.hpp>
#include <datolite/core/detail/utf8.hpp>
#include <datolite/core/edn.hpp>

#include <gtest/gtest.h>

namespace form_stream_test {

using namespace datolite;

/// What was read, each form with its place; at the end the message of what was wrong.
using account = std::vector<std::string>;

template <class Forms>
void tell(account& out, Forms&& next) {
  try {
    while (next(out)) {
    }
  } catch (const error& e) {
    out.push_back(e.message());
  }
}

std::string at(std::size_t line, std::size_t column) {
  return std::to_string(line) + ":" + std::to_string(column) + " ";
}

account read_whole(const std::string& text, const std::string& name) {
  account out;
  std::optional<edn_reader> forms;
  tell(out, [&](account& said) {
    if (!forms) forms.emplace(text, name);
    const auto one = forms->next();
    if (one) said.push_back(at(forms->line(), forms->column()) + to_edn(*one));
    return one.has_value();
  });
  return out;
}

account read_streamed(const std::string& file) {
  account out;
  cli::form_stream forms{file};
  tell(out, [&](account& said) {
    const auto one = forms.next();
    if (one) said.push_back(at(forms.at().line, forms.at().column) + to_edn(*one));
    return one.has_value();
  });
  return out;
}

/// The same, of vectors and lists element by element.
account read_in_parts(const std::string& file) {
  account out;
  cli::form_stream forms{file};
  tell(out, [&](account& said) {
    if (forms.enter()) {
      const std::string where = at(forms.at().line, forms.at().column);
      std::vector<value> parts;
      while (auto one = forms.next_element()) parts.push_back(*std::move(one));
      said.push_back(where + to_edn(value::vector(parts)));
      return true;
    }
    const auto one = forms.next();
    if (one) said.push_back(at(forms.at().line, forms.at().column) + to_edn(*one));
    return one.has_value();
  });
  return out;
}

/// With lists as vectors: which one was read in parts is not told.
account with_vectors(account told) {
  for (std::string& one : told) {
    const std::size_t from = one.find(' ') + 1;
    if (one[from] == '(' && one.back() == ')') one[from] = '[', one.back() = ']';
  }
  return told;
}

std::string some_text(std::mt19937& random, int depth) {
  static const std::vector<std::string> atoms{"1",
                                              ":a/b",
                                              "\"x ] \\\" ; y\"",
                                              "\"\\n\\u00e9\"",
                                              "\\(",
                                              "\\newline",
                                              "\\\\",
                                              "sym",
                                              "nil",
                                              "-1.5",
                                              "7N",
                                              "##Inf",
                                              "\"übung\"",
                                              "#inst \"2020-01-01\"",
                                              "\\\"",
                                              "a#b",
                                              "'q"};
  static const std::vector<std::string> blanks{" ", "\n", ", ", " ; c ] \" (\n", "\t", "\n;\n"};
  const auto any = [&](const std::vector<std::string>& of) { return of[random() % of.size()]; };
  std::string text;
  for (unsigned n = random() % 4; n > 0 && depth < 5; --n) {
    if (random() % 8 == 0) text += "#_";
    if (random() % 12 == 0) text += "#my/tag ";
    switch (random() % 6) {
      case 0: text += "[" + some_text(random, depth + 1) + "]"; break;
      case 1: text += "(" + some_text(random, depth + 1) + ")"; break;
      case 2: text += "#{" + some_text(random, depth + 1) + "}"; break;
      case 3: text += "{" + some_text(random, depth + 1) + "}"; break;
      default: text += any(atoms);
    }
    text += any(blanks);
  }
  return text;
}

class streamed : public testing::Test {
 protected:
  ~streamed() override {
    if (in_memory >= 0) ::close(in_memory);
  }
  /// The name of a file that lives in memory, as long as no other is asked for.
  std::string file(const std::string& text) {
    if (in_memory >= 0) ::close(in_memory);
    in_memory = ::memfd_create("forms", MFD_CLOEXEC);
    EXPECT_EQ(::write(in_memory, text.data(), text.size()), static_cast<::ssize_t>(text.size()));
    return "/proc/self/fd/" + std::to_string(in_memory);
  }
  int in_memory = -1;
};

TEST_F(streamed, forms_are_those_of_the_whole_text_and_so_is_what_is_wrong_with_it) {
  std::mt19937 random{20};
  int refused = 0, read = 0;
  for (int i = 0; i < 6000; ++i) {
    std::string text = some_text(random, 0) + some_text(random, 0) + some_text(random, 1);
    if (i % 3 != 0 && !text.empty()) {
      static const std::string marks = "[](){}#\"\\;_ \n1a@";
      const std::size_t n = random() % text.size();
      if (static_cast<unsigned char>(text[n]) < 0x80) text[n] = marks[random() % marks.size()];
    }
    if (i % 5 == 0) text.resize(random() % (text.size() + 1));
    if (detail::find_bad_utf8(text) != text.npos) continue;  // of a whole text this is said first
    const std::string name = file(text);
    const account expected = read_whole(text, name);
    ASSERT_EQ(read_streamed(name), expected) << text;
    ASSERT_EQ(with_vectors(read_in_parts(name)), with_vectors(expected)) << text;
    !expected.empty() && expected.back().find(name) == 0 ? ++refused : ++read;
  }
  EXPECT_GT(refused, 500);
  EXPECT_GT(read, 500);
}

TEST_F(streamed, a_byte_order_mark_and_what_is_no_text_are_seen) {
  EXPECT_EQ(read_streamed(file("\xEF\xBB\xBF[1]")), read_whole("\xEF\xBB\xBF[1]", file("\xEF\xBB\xBF[1]")));
  const std::string bad = "[1]\n [\"\xFF\"]";
  EXPECT_EQ(read_streamed(file(bad)).back(), read_whole(bad, file(bad)).back());
}

TEST_F(streamed, long_texts_cross_its_buffer_anywhere) {
  for (const std::size_t n : {65'530u, 65'534u, 65'536u, 131'070u}) {
    std::string text(n, ' ');
    text += "[\"ü\\\"]\" {:a \\] :b 2}]\n(x ; c\n)]";
    const std::string name = file(text);
    EXPECT_EQ(read_streamed(name), read_whole(text, name));
  }
}

TEST_F(streamed, a_form_is_read_before_what_follows_it_is_written) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  cli::form_stream forms{"/dev/fd/" + std::to_string(ends[0])};
  const auto write = [&](std::string_view text) {
    ASSERT_EQ(::write(ends[1], text.data(), text.size()), static_cast<::ssize_t>(text.size()));
  };
  write("[1 2] (3 {:a 4}");
  EXPECT_EQ(to_edn(*forms.next()), "[1 2]");
  ASSERT_TRUE(forms.enter());
  EXPECT_EQ(to_edn(*forms.next_element()), "3");  // an atom ends where something else begins
  EXPECT_EQ(to_edn(*forms.next_element()), "{:a 4}");
  write(")");
  EXPECT_EQ(forms.next_element(), std::nullopt);
  ::close(ends[1]);
  EXPECT_EQ(forms.next(), std::nullopt);
  ::close(ends[0]);
}

}  // namespace form_stream_test
