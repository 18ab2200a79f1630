# The layers of the tree.  Each folder becomes an object library that sees its own headers, base/ and
# include/: an upward include does not compile.  (tests/style checks the same from the sources.)

set(BOUGH_WARNINGS -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes
    -Wmissing-prototypes -Wvla -Werror)

# bough_layer(NAME FOLDER [SOURCES ...] [SEES FOLDER ...] [DEFINES ...] [FLAGS ...])
# Without SOURCES: all .c files of the folder, but for *_host.c in the image build.
function(bough_layer name folder)
    cmake_parse_arguments(layer "" "" "SOURCES;SEES;DEFINES;FLAGS" ${ARGN})
    if(NOT layer_SOURCES)
        file(GLOB layer_SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.c)
        if(BOUGH_IMAGE)
            list(FILTER layer_SOURCES EXCLUDE REGEX "_host\\.c$")
        endif()
    endif()
    if(NOT layer_SOURCES)
        return()
    endif()
    add_library(${name} OBJECT ${layer_SOURCES})
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/base
        ${CMAKE_SOURCE_DIR}/${folder})
    foreach(seen IN LISTS layer_SEES)
        target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/${seen})
    endforeach()
    target_compile_definitions(${name} PRIVATE BOUGH_VERSION="${PROJECT_VERSION}" ${layer_DEFINES})
    target_compile_options(${name} PRIVATE $<$<COMPILE_LANGUAGE:C>:${BOUGH_WARNINGS}> ${layer_FLAGS})
    set_property(GLOBAL APPEND PROPERTY BOUGH_OBJECTS $<TARGET_OBJECTS:${name}>)
endfunction()
