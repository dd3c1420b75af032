// Bytes and their bounds: what every engine stores and scans.
#include <datolite/core/bounds.hpp>

int main() {
  // [bounds]
  const datolite::bounds documents = datolite::prefix("doc-");
  const bool inside = documents.contains("doc-1") && !documents.contains("dog");
  // [/bounds]
  return inside ? 0 : 1;
}
