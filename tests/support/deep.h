#pragma once
/// \file The two tiers of tests: reduced counts by default, full counts with LATHE_DEEP=1 (`./x test
/// --deep`).

#include <cstdlib>
#include <string_view>

inline bool deep() {
    const char* value = std::getenv("LATHE_DEEP");
    return value && std::string_view(value) == "1";
}

/// How many cases to try.
inline int count(int quick, int full) {
    return deep() ? full : quick;
}
