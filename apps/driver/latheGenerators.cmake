# add_lathe_generator(NAME SOURCE...)
#   A program whose main calls lathe::generator_main.
function(add_lathe_generator name)
    add_executable(${name} ${ARGN})
    target_link_libraries(${name} PRIVATE lathe::driver)
endfunction()

# add_lathe_library(NAME FROM GENERATOR_PROGRAM
#                   [GENERATOR generator]     which of the program's generators (default: NAME)
#                   [FUNCTION function]       the generated function's name (default: NAME)
#                   [PARAMETERS name=value...]
#                   [TARGETS target...]       default: the machine that builds; several choose at run time
#                   [EMIT what...])           further files, such as assembly or ir
#   Runs the generator while building. NAME is a library target: it brings the static library, the folder of its
#   header FUNCTION.h, and the runtime.
function(add_lathe_library name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "FROM;GENERATOR;FUNCTION" "PARAMETERS;TARGETS;EMIT")
    if(NOT arg_FROM OR arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "add_lathe_library(${name}): write FROM and a generator program; "
            "not known: ${arg_UNPARSED_ARGUMENTS}")
    endif()
    if(NOT arg_GENERATOR)
        set(arg_GENERATOR ${name})
    endif()
    if(NOT arg_FUNCTION)
        set(arg_FUNCTION ${name})
    endif()
    set(folder "${CMAKE_CURRENT_BINARY_DIR}/${name}.generated")
    set(archive "${folder}/${arg_FUNCTION}.a")
    set(header "${folder}/${arg_FUNCTION}.h")
    set(target_option "")
    if(arg_TARGETS)
        list(JOIN arg_TARGETS "," targets)
        set(target_option "--target=${targets}")
    endif()
    list(PREPEND arg_EMIT static_library)
    list(JOIN arg_EMIT "," emit)
    add_custom_command(OUTPUT "${archive}" "${header}"
        COMMAND ${arg_FROM} ${arg_GENERATOR} ${arg_PARAMETERS} -o "${folder}" -f ${arg_FUNCTION} -e "${emit}"
            ${target_option}
        DEPENDS ${arg_FROM} VERBATIM)
    add_custom_target(${name}.generate DEPENDS "${archive}" "${header}")
    add_library(${name} INTERFACE)
    add_dependencies(${name} ${name}.generate)
    # As a source the header makes whoever uses the library wait for the generator.
    target_sources(${name} INTERFACE "${header}")
    target_include_directories(${name} INTERFACE "${folder}")
    target_link_libraries(${name} INTERFACE "${archive}" lathe::runtime)
endfunction()
