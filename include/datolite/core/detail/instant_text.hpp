// instant_text: instants from the text of #inst and back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace datolite::detail {

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar.
constexpr std::int64_t days_from_date(std::int64_t year, int month, int day) noexcept {
  const std::int64_t y = month <= 2 ? year - 1 : year;
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const std::int64_t year_of_era = y - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

struct calendar_date {
  std::int64_t year;
  int month, day;
};
constexpr calendar_date date_from_days(std::int64_t days) noexcept {
  days += 719468;
  const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const std::int64_t day_of_era = days - era * 146097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted = (5 * day_of_year + 2) / 153;
  const int month = static_cast<int>(shifted < 10 ? shifted + 3 : shifted - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month,
          static_cast<int>(day_of_year - (153 * shifted + 2) / 5 + 1)};
}

constexpr int days_in_month(std::int64_t year, int month) noexcept {
  constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : days[month - 1];
}

/// Takes fields off the front of a timestamp; a field that is not there, or out of its range, makes it `bad`.
struct timestamp_scanner {
  std::string_view rest;
  bool bad = false;

  bool take(char lower) noexcept {  ///< `lower` or its capital
    if (rest.empty() || (rest[0] != lower && rest[0] != lower - ('a' - 'A'))) return false;
    return rest.remove_prefix(1), true;
  }
  bool take_exactly(char c) noexcept {
    if (rest.empty() || rest[0] != c) return false;
    return rest.remove_prefix(1), true;
  }
  int number(std::size_t digits, int least, int most) noexcept {
    int n = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (i >= rest.size() || rest[i] < '0' || rest[i] > '9') return bad = true, least;
      n = 10 * n + (rest[i] - '0');
    }
    rest.remove_prefix(digits);
    if (n < least || n > most) return bad = true, least;
    return n;
  }
  int milliseconds() noexcept {  ///< of a fraction of any length; finer than milliseconds is cut off
    int n = 0;
    std::size_t i = 0;
    for (; i < rest.size() && rest[i] >= '0' && rest[i] <= '9'; ++i) {
      if (i < 3) n = 10 * n + (rest[i] - '0');
    }
    if (i == 0) bad = true;
    rest.remove_prefix(i);
    for (; i < 3; ++i) n *= 10;
    return n;
  }
};

/// Milliseconds since 1970 of an RFC 3339 timestamp, which may stop after year, month, day, hour, minute or
/// second; without an offset it is UTC. A leap second (:59:60) is the second after it. Empty if it is no date
/// or time.
inline std::optional<std::int64_t> parse_instant(std::string_view text) noexcept {
  timestamp_scanner in{text};
  const int year = in.number(4, 0, 9999);
  int month = 1, day = 1, hour = 0, minute = 0, second = 0, fraction = 0, offset = 0;
  bool timed = false, offset_given = false;
  if (in.take_exactly('-')) {
    month = in.number(2, 1, 12);
    if (in.take_exactly('-')) {
      day = in.number(2, 1, days_in_month(year, month));
      timed = in.take('t');
    }
  }
  if (timed) {
    hour = in.number(2, 0, 23);
    if (in.take_exactly(':')) {
      minute = in.number(2, 0, 59);
      if (in.take_exactly(':')) {
        second = in.number(2, 0, minute == 59 ? 60 : 59);
        if (in.take_exactly('.')) fraction = in.milliseconds();
      }
    }
    const bool east = in.take_exactly('+'), west = !east && in.take_exactly('-');
    offset_given = east || west;
    if (offset_given) {
      offset = 60 * in.number(2, 0, 23);
      in.bad = !in.take_exactly(':') || in.bad;
      offset += in.number(2, 0, 59);
      if (west) offset = -offset;
    }
  }
  if (!offset_given) in.take('z');
  if (in.bad || !in.rest.empty()) return std::nullopt;
  const std::int64_t minutes = days_from_date(year, month, day) * 1440 + hour * 60 + minute - offset;
  return (minutes * 60 + second) * 1000 + fraction;
}

/// The timestamp of an instant: "1970-01-01T00:00:00.000Z"; empty if its year has not four digits.
inline std::optional<std::string> instant_text(std::int64_t milliseconds) {
  constexpr std::int64_t day = 86'400'000;
  const std::int64_t days = milliseconds / day - (milliseconds % day < 0 ? 1 : 0);
  const auto date = date_from_days(days);
  if (date.year < 0 || date.year > 9999) return std::nullopt;
  std::int64_t rest = milliseconds - days * day;
  std::string text = "0000-00-00T00:00:00.000Z";
  const auto put = [&text](std::size_t last, std::size_t size, std::int64_t n) {
    for (; size > 0; --size, n /= 10) text[last--] = static_cast<char>('0' + n % 10);
  };
  put(3, 4, date.year), put(6, 2, date.month), put(9, 2, date.day);
  put(22, 3, rest % 1000), rest /= 1000;
  put(18, 2, rest % 60), rest /= 60;
  put(15, 2, rest % 60), put(12, 2, rest / 60);
  return text;
}

}  // namespace datolite::detail
