# AMD's ap_int.h and ap_fixed.h from the wheel of hls4ml, for programs with AMD's types that tests compile:
# ApTypes_INCLUDE_DIR. Only the headers that carry the Apache-2.0 licence are copied there; the wheel's other headers
# (hls_stream.h above all) are not.
include("${CMAKE_CURRENT_LIST_DIR}/wheel.cmake")
lathe_wheel(hls4ml hls4ml_root)

find_path(ApTypes_SOURCE_DIR ap_int.h PATHS "${hls4ml_root}/hls4ml/templates/vivado/ap_types" NO_DEFAULT_PATH)
mark_as_advanced(ApTypes_SOURCE_DIR)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(ApTypes REQUIRED_VARS ApTypes_SOURCE_DIR
    REASON_FAILURE_MESSAGE "./x test or ./x run unpack it into ${hls4ml_root}")

if(ApTypes_FOUND)
    set(ApTypes_INCLUDE_DIR "${PROJECT_BINARY_DIR}/ap_types")
    foreach(header
            ap_common.h ap_decl.h ap_fixed.h ap_fixed_base.h ap_fixed_ref.h ap_fixed_special.h
            ap_int.h ap_int_base.h ap_int_ref.h ap_int_special.h etc/ap_private.h)
        configure_file("${ApTypes_SOURCE_DIR}/${header}" "${ApTypes_INCLUDE_DIR}/${header}" COPYONLY)
    endforeach()
endif()
