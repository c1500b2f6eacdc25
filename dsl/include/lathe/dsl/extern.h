#pragma once
/// \file Extern: a function that others wrote, which kernels call.
///
///     extern "C" int lookup(HalideBuffer* table, int32_t shift, HalideBuffer* out);
///
///     Param shift("shift", Int(32)), N("N");
///     Input table("table", Int(16), {256});
///     Output out("out", Int(16), {N});
///     Extern look("lookup", {table, shift, out}, lookup);
///     Kernel k("k", {in, result}, [&](KernelBody& b) { b.call(look, {in, 3, result}); });

#include "lathe/dsl/kernel.h"
#include "lathe/ir/halide_buffer.h"

namespace lathe {

using ir::HalideBuffer;

struct ExternOptions {
    /// C++ that defines `void NAME(…)` for Vitis: `const T*` or `T*` for a tensor, row-major, whose elements
    /// are ap_int, ap_fixed, float and the like, and a number for a scalar (`int` or `int64_t` for a size).
    std::string vitis = "";
};

/// A parameter of a C function, to be compared with what an Extern says it takes.
struct ExternParameter {
    bool is_buffer;
    Type scalar; ///< else: int32_t is Int(32)
};

/// A function with C linkage that reads the Inputs, reads and writes the InOuts, writes all elements of the
/// Outputs, and touches nothing else that the program sees. It takes a halide_buffer_t* for a tensor
/// (Halide's, or lathe::HalideBuffer, which lies in memory alike) and a number for a parameter, in the order
/// listed, and returns 0, or an error code that ends the program. A size is an int64_t, other numbers come in
/// the 8, 16, 32 or 64-bit container of their type. What it writes must be in the range of the tensors'
/// types. Calls keep their order, as prints do: no loop around one is parallel, vectorized or reordered.
class Extern : public Kernel {
  public:
    /// Known by its name, which the program that calls generated code links. \throws Error unless `name` is a
    /// C identifier.
    Extern(Name name, const std::vector<KernelArgument>& arguments, ExternOptions options = {});
    /// The same, and in this process it is `function`, so that interpreter and JIT call it. \throws Error if
    /// `function` takes other arguments than those listed.
    template <class... A>
    Extern(Name name, const std::vector<KernelArgument>& arguments, int (*function)(A...),
           ExternOptions options = {})
        : Extern(name, arguments, {parameter<A>()...}, &invoke<A...>, reinterpret_cast<void (*)()>(function),
                 std::move(options)) {}

  private:
    using Invoke = int (*)(void (*)(), void* const*);
    Extern(const Name& name, const std::vector<KernelArgument>& arguments,
           const std::vector<ExternParameter>& parameters, Invoke invoke, void (*address)(),
           ExternOptions options);

    template <class T> static ExternParameter parameter() {
        static_assert(std::is_arithmetic_v<T> || std::is_pointer_v<T>,
                      "an extern function takes halide_buffer_t* and numbers");
        if constexpr (std::is_pointer_v<T>)
            return {true, {}};
        else
            return {false, ir::type_of<T>()};
    }
    template <class T> static T passed(void* p) {
        if constexpr (std::is_pointer_v<T>)
            return static_cast<T>(p);
        else
            return *static_cast<const T*>(p);
    }
    template <class... A> static int invoke(void (*function)(), void* const* p) {
        return [&]<size_t... I>(std::index_sequence<I...>) {
            return reinterpret_cast<int (*)(A...)>(function)(passed<A>(p[I])...);
        }(std::index_sequence_for<A...>());
    }
};

} // namespace lathe
