#pragma once
/// \file How a stencil application is scheduled: as loops, or as a network by the macro `stencil`.

#include <lathe/driver/generator.h>
#include <lathe/lathe.h>

namespace support {

struct StencilChoice {
    lathe::Type element = lathe::Float(32); ///< of all tensors
    int64_t unroll = 8;                     ///< points in a cycle; 0: loops, without the macro
};

/// The parameters of a generator whose schedule may be a network: height and width of the input, element,
/// macro and unroll. `more` come first.
std::vector<lathe::GeneratorParameter>
stencil_parameters(const std::vector<lathe::GeneratorParameter>& more = {},
                   lathe::Type element = lathe::Float(32));
StencilChoice stencil_choice(const lathe::GeneratorArguments& a);
/// The parameter height or width. \throws Error unless it is `least` or more, and at most 16384.
int64_t pixel_count(const lathe::GeneratorArguments& a, const std::string& name, int64_t least);

/// 16 bits that hold most of a positive number: as fixed point without a sign, fewer if the rest are zero.
lathe::Type constant_type(double value);

/// The types of the tensors, where the element is no Float(32); then the macro, or a pipeline of the loop
/// over a row's points. Products and sums of floats are operators of their own.
lathe::Schedule stencil_schedule(const lathe::Func& out, const lathe::Var& x,
                                 const std::vector<lathe::TypeChoice>& types, const StencilChoice& choice);
} // namespace support
