#pragma once
/// \file Ahead-of-time compilation for CPUs: object files and static libraries that C, C++ and users of
/// Halide can call.
///
/// A Module becomes functions that return 0, or an error code after calling halide_error:
///
///     int NAME(halide_buffer_t* A, ..., scalars...);
///     int NAME_with_user_context(void* user_context, halide_buffer_t* A, ..., scalars...);
///     int NAME_argv(void** arguments);   // pointers to the buffers and the scalars
///
/// and two that tell about it: NAME_metadata(), Halide's halide_filter_metadata_t, and NAME_signature(), the
/// arguments with their full types as JSON.
///
/// Tensors come first, in the Module's order. Dimension 0 of a halide_buffer_t is a tensor's last index, and
/// its stride is 1. An element lies in the 8, 16, 32 or 64-bit container of its type, extended to it; a type
/// of more than 64 bits is a uint64 with an extra dimension 0 of limbs, little-endian. Extents, mins, types,
/// ranks and overlaps are checked before anything is touched. A parameter that is the bare extent of a
/// tensor's dimension is read from that buffer (the first one that has it); all others are scalars after the
/// tensors: sizes as int64_t, Bool as bool, 16-bit floats as the uint16_t of their bits, more than 64 bits by
/// pointer to limbs.
///
/// A buffer without memory (host and device are null) makes the call a bounds query: the types, mins, extents
/// and dense strides of all such buffers are filled in, and nothing else happens.
///
/// Threads (halide_do_par_for; for networks halide_mutex_lock, halide_cond_wait …), memory and errors are
/// functions that the runtime library defines weakly; a network's threads are the system's (pthread_create).
/// Link: NAME.a, liblathe_runtime.a, -lpthread -ldl -lm.

#include "lathe/ir/stmt.h"
#include "lathe/ir/target.h"

namespace lathe {

struct CompileOptions {
    Target target = Target::host();
    std::string name = ""; ///< of the C function; empty: the Module's top function's
};

/// Each compile_ function writes its files whole or not at all, and the same Module gives the same bytes.
/// \throws Error when the Module cannot be compiled for the target or a file cannot be written.
void compile_to_object(const Module& module, const std::string& path, const CompileOptions& options = {});
/// Writes PREFIX.a and the C99 header PREFIX.h. The function is called as the prefix's last part, unless
/// options say.
void compile_to_static_library(const Module& module, const std::string& prefix,
                               const CompileOptions& options = {});
/// A Module as it is scheduled for one of several machines.
struct TargetVariant {
    Target target;
    Module module;
};
/// One library for several machines, with functions of the same names as for one: each call goes to the first
/// variant that the machine can run (as halide_can_use_target_features says), and fails if there is none.
/// \throws Error also when the variants' arguments differ.
void compile_to_static_library(const std::vector<TargetVariant>& variants, const std::string& prefix,
                               const std::string& name = "");
void compile_to_header(const Module& module, const std::string& path, const CompileOptions& options = {});

/// For people to read.
std::string compile_to_assembly(const Module& module, const CompileOptions& options = {});
std::string compile_to_llvm(const Module& module, const CompileOptions& options = {});

} // namespace lathe
