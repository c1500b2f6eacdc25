# lathe_wheel(NAME VARIABLE) sets VARIABLE to the folder of the unpacked wheel that wheels.txt pins.
function(lathe_wheel name variable)
    set(pins "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/wheels.txt")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${pins}")
    file(STRINGS "${pins}" pin REGEX "^${name}==")
    string(REGEX MATCH "==([^ ]+)" pin "${pin}")
    set(${variable} "${LATHE_DEPS}/${name}-${CMAKE_MATCH_1}" PARENT_SCOPE)
endfunction()
