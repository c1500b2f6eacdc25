#pragma once
/// \file Gaussian blur by binomial weights, separable: along the rows, then along the columns.

#include <lathe/lathe.h>

struct Gaussian {
    lathe::Input in;
    lathe::Func padded, rows, out;
    lathe::Var y, x;
};

/// `taps` 3 (weights 1 2 1) or 5 (1 4 6 4 1). `pixel` is UInt(8), rounded to nearest by an added half and a
/// shift, or fixed point, rounded by its own mode. The edge pixels repeat. Height H and width W are those of
/// the input.
Gaussian gaussian(int taps, lathe::Type pixel);

/// The schedule for a CPU: strips of rows in parallel, vectors along the rows.
lathe::Schedule cpu_schedule(const Gaussian& g, const lathe::Target& target);

/// The schedule for Vitis: rows are kept in a line buffer and pixels in a window, so that every cycle takes
/// one pixel of the padded image and gives one.
lathe::Schedule vitis_schedule(const Gaussian& g, int64_t height, int64_t width);

/// One of the program's variants: the name of its generated function, its taps and its pixel type.
struct Variant {
    const char* name;
    int taps;
    lathe::Type pixel;
};
std::vector<Variant> variants();
