# Halide from its Python wheel (whose own CMake files need a newer CMake than Debian 12 has):
#   Halide::Halide     the compiler, a shared library
#   Halide::Runtime    HalideRuntime.h and HalideBuffer.h alone
#   Halide::Generator  the main() of a Halide generator
#   Halide::Tools      halide_benchmark.h and the like
include("${CMAKE_CURRENT_LIST_DIR}/wheel.cmake")
lathe_wheel(halide halide_root)

find_path(Halide_INCLUDE_DIR Halide.h PATHS "${halide_root}/halide/include" NO_DEFAULT_PATH)
find_library(Halide_LIBRARY Halide PATHS "${halide_root}/halide/lib64" NO_DEFAULT_PATH)
mark_as_advanced(Halide_INCLUDE_DIR Halide_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Halide REQUIRED_VARS Halide_LIBRARY Halide_INCLUDE_DIR
    REASON_FAILURE_MESSAGE "./x test or ./x run unpack it into ${halide_root}")

if(Halide_FOUND AND NOT TARGET Halide::Halide)
    add_library(Halide::Runtime INTERFACE IMPORTED)
    target_include_directories(Halide::Runtime INTERFACE "${Halide_INCLUDE_DIR}")

    add_library(Halide::Halide SHARED IMPORTED)
    set_target_properties(Halide::Halide PROPERTIES
        IMPORTED_LOCATION "${Halide_LIBRARY}" IMPORTED_SONAME libHalide.so)
    target_link_libraries(Halide::Halide INTERFACE Halide::Runtime)

    add_library(Halide::Generator STATIC IMPORTED)
    set_target_properties(Halide::Generator PROPERTIES
        IMPORTED_LOCATION "${halide_root}/halide/lib64/libHalide_GenGen.a")
    target_link_libraries(Halide::Generator INTERFACE Halide::Halide)

    add_library(Halide::Tools INTERFACE IMPORTED)
    target_include_directories(Halide::Tools INTERFACE "${halide_root}/halide/share/tools")
endif()
