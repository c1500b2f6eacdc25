// Writes Halide's runtime for a target as a static library. Usage: make_runtime FILE.a HALIDE_TARGET

#include <Halide.h>

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    Halide::compile_standalone_runtime({{Halide::OutputFileType::static_library, argv[1]}},
                                       Halide::Target(argv[2]));
}
