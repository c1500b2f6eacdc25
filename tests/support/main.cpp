#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

/// The address sanitizer answers an allocation that is too large as the system does: by a null pointer.
extern "C" const char* __asan_default_options() {
    return "allocator_may_return_null=1";
}
