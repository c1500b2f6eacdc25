# The integer set library, static: ISL::isl.
find_path(ISL_INCLUDE_DIR isl/ctx.h)
find_library(ISL_STATIC_LIBRARY NAMES libisl.a)
mark_as_advanced(ISL_INCLUDE_DIR ISL_STATIC_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(ISL REQUIRED_VARS ISL_STATIC_LIBRARY ISL_INCLUDE_DIR)

if(ISL_FOUND AND NOT TARGET ISL::isl)
    add_library(ISL::isl INTERFACE IMPORTED)
    target_include_directories(ISL::isl INTERFACE "${ISL_INCLUDE_DIR}")
    target_link_libraries(ISL::isl INTERFACE "${ISL_STATIC_LIBRARY}")
endif()
