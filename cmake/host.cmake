# The host build: build/libbough.a, build/bough, tests, benchmarks, fuzz targets.

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})

if(BOUGH_SANITIZE)
    add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all
        -fno-omit-frame-pointer)
    add_link_options(-fsanitize=address,undefined)
endif()

if(BOUGH_FUZZ)
    # libFuzzer looks at the coverage of everything, lwIP too.
    add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
        -fno-omit-frame-pointer)
endif()

find_package(ZLIB REQUIRED)
find_library(LIBB2 libb2.a REQUIRED)
find_library(LIBDEFLATE libdeflate.a REQUIRED)
find_library(LIBBEARSSL libbearssl.a REQUIRED)

# libc declares POSIX functions only where they are asked for: never in the portable layers.
set(posix _POSIX_C_SOURCE=200809L _DEFAULT_SOURCE)

# Hashes in vector lanes: each variant is compiled for its instruction set and picked at run time.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    set_source_files_properties(${CMAKE_SOURCE_DIR}/base/hash_lanes4_host.c PROPERTIES
        COMPILE_OPTIONS -mavx2)
    set_source_files_properties(${CMAKE_SOURCE_DIR}/base/hash_lanes8_host.c PROPERTIES
        COMPILE_OPTIONS -mavx512f)
    set(lanes BOUGH_HASH_LANES)
endif()
bough_layer(base base DEFINES ${lanes})
bough_layer(store store)
bough_layer(backends backends)
bough_layer(merge merge)
bough_layer(sync sync)
file(GLOB blockdev_sources CONFIGURE_DEPENDS blockdev/*.c)
list(FILTER blockdev_sources EXCLUDE REGEX "/(virtio|xen|solo5)_[a-z_]*\\.c$")
bough_layer(blockdev blockdev SOURCES ${blockdev_sources} DEFINES ${posix})
file(GLOB unix_sources CONFIGURE_DEPENDS kernel/unix/*.c)
bough_layer(unix kernel/unix SOURCES ${unix_sources} kernel/heap.c SEES kernel DEFINES ${posix})

# lwIP on the host serves `bough serve --tap`; without its sources that one verb is missing.
include(cmake/lwip.cmake)
file(GLOB net_sources CONFIGURE_DEPENDS net/*.c)
list(FILTER net_sources EXCLUDE REGEX "/(virtio|xen|solo5)_[a-z_]*\\.c$")
if(NOT TARGET lwip)
    list(FILTER net_sources EXCLUDE REGEX "/lwip_[a-z_]*\\.c$")
endif()
bough_layer(net net SOURCES ${net_sources} DEFINES ${posix} $<$<TARGET_EXISTS:lwip>:BOUGH_LWIP>)
if(TARGET lwip AND TARGET net)
    target_link_libraries(net PRIVATE lwip_headers)
endif()

file(GLOB server_sources CONFIGURE_DEPENDS server/*.c)
list(FILTER server_sources EXCLUDE REGEX "/boot_image\\.c$")
bough_layer(server server SOURCES ${server_sources} DEFINES $<$<TARGET_EXISTS:lwip>:BOUGH_LWIP>)

get_property(objects GLOBAL PROPERTY BOUGH_OBJECTS)
add_library(bough_all STATIC ${objects} $<$<TARGET_EXISTS:lwip>:$<TARGET_OBJECTS:lwip>>)
target_link_libraries(bough_all PUBLIC ZLIB::ZLIB ${LIBDEFLATE} ${LIBB2} ${LIBBEARSSL})

if(BOUGH_FUZZ)
    enable_testing()
    add_subdirectory(tests/fuzz)
    return()
endif()

include(cmake/library.cmake)
if(EXISTS ${CMAKE_SOURCE_DIR}/cli/main.c)
    include(cmake/cli.cmake)
endif()

enable_testing()
add_subdirectory(tests)
if(EXISTS ${CMAKE_SOURCE_DIR}/bench/CMakeLists.txt)
    add_subdirectory(bench)
endif()
