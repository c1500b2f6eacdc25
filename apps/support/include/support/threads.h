#pragma once
/// \file The thread pool that generated functions run their parallel loops on.

extern "C" int halide_set_num_threads(int);
extern "C" void halide_shutdown_thread_pool();

namespace support {

/// Parallel loops run on `count` threads from now on.
inline void use_threads(int count) {
    halide_shutdown_thread_pool(); // a pool that runs keeps its threads when told to use fewer
    halide_set_num_threads(count);
}

} // namespace support
