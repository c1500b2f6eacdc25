#pragma once
/// \file Catching the error that a call must throw.

#include "lathe/ir/error.h"

#include <doctest/doctest.h>

/// The lathe::Error that `call` throws; fails the test case if it throws none.
template <class Call> lathe::Error thrown(Call call) {
    try {
        call();
    } catch (const lathe::Error& e) {
        return e;
    }
    FAIL("nothing was refused");
    throw;
}
