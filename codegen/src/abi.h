#pragma once
/// \file The calling convention of generated functions, which is that of Halide's ahead-of-time compiler.
/// Arguments are halide_buffer_t pointers, then scalars.

#include "lathe/ir/halide_buffer.h"
#include "lathe/ir/stmt.h"
#include "lathe/ir/target.h"

namespace lathe::codegen {

using namespace ir;

/// Version of the calling convention and of what NAME_signature() returns.
inline constexpr const char* abi_version = "0.1";

struct BufferArgument {
    Tensor tensor; ///< in machine form
    Type type;     ///< as the user wrote it
    Direction direction = Direction::in;
    HalideType element;
    int limbs = 0; ///< extent of the extra dimension; 0 without it

    int rank() const { return static_cast<int>(tensor.dims.size()); }
    int halide_rank() const { return rank() + (limbs != 0); }
    /// The halide_buffer_t's dimension for the tensor's.
    int halide_dimension(int d) const { return halide_rank() - 1 - d; }
    bool written() const { return direction != Direction::in; }
};

struct ScalarArgument {
    Symbol symbol;
    Type machine; ///< in machine form
    Type type;    ///< as the user wrote it
};

/// A tensor's extent or min that is a parameter alone.
struct SizePlace {
    size_t buffer;
    int dimension; ///< of the tensor
    bool is_min;
};

/// A parameter that is read from buffers: from the first place, which the others must equal.
struct BoundSize {
    Symbol symbol;
    std::vector<SizePlace> places;
};

struct Abi {
    std::string name;
    std::vector<BufferArgument> buffers;
    std::vector<ScalarArgument> scalars;
    std::vector<BoundSize> sizes; ///< parameters that are read from buffers
};

/// `name`: a C identifier.
Abi make_abi(const Module& original, const Module& machine, const std::string& name);

/// The scalar's type in C: "int32_t", "float", "const uint64_t*" (limbs), ...
std::string c_type(Type machine);

} // namespace lathe::codegen
