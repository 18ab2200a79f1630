# The image: bough as an ELF that a hypervisor boots (PVH).
#   <build>/../bough.elf           stripped
#   <build>/bough.elf.debug        the same with symbols
#   <build>/boot_test.elf          tests/boot/main.c over the same kernel and drivers
# The same folders as in the host build, in the same layers, against musl's headers and libc.a.

if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    message(FATAL_ERROR "the image is for x86-64")
endif()
include(cmake/lwip.cmake)
if(NOT TARGET lwip)
    message(FATAL_ERROR "the image needs lwIP: run cmake/get-lwip.sh, or set LWIP_DIR")
endif()

# Static libraries of the distribution; only their pure parts are linked.
find_library(LIBZ libz.a REQUIRED)
find_library(LIBB2 libb2.a REQUIRED)
find_library(LIBDEFLATE libdeflate.a REQUIRED)
find_library(LIBBEARSSL libbearssl.a REQUIRED)
find_library(MUSL_LIBC NAMES libc.a PATHS /usr/lib/x86_64-linux-musl /usr/lib/musl/lib
    NO_DEFAULT_PATH REQUIRED)
find_path(MUSL_INCLUDE stdint.h PATHS /usr/include/x86_64-linux-musl /usr/lib/musl/include
    NO_DEFAULT_PATH REQUIRED)

# musl's headers and the host's must not mix: the libraries' own headers are linked into a folder of
# their own, one by one.
set(library_headers ${CMAKE_BINARY_DIR}/library-headers)
file(MAKE_DIRECTORY ${library_headers})
foreach(header zlib.h zconf.h libdeflate.h blake2.h bearssl.h bearssl_hash.h bearssl_block.h bearssl_hmac.h
        bearssl_rand.h bearssl_prf.h bearssl_aead.h bearssl_ssl.h bearssl_x509.h bearssl_pem.h
        bearssl_ec.h bearssl_rsa.h bearssl_kdf.h)
    find_file(found_${header} ${header} PATHS /usr/include /usr/include/x86_64-linux-gnu
        NO_CACHE)
    if(found_${header})
        file(CREATE_LINK ${found_${header}} ${library_headers}/${header} SYMBOLIC)
    endif()
endforeach()

execute_process(COMMAND ${CMAKE_C_COMPILER} -print-file-name=include
    OUTPUT_VARIABLE compiler_include OUTPUT_STRIP_TRAILING_WHITESPACE)
add_compile_options(-fno-pic -fno-pie -mcmodel=small -fcf-protection=none
    -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -g
    -U_FORTIFY_SOURCE -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
add_compile_options($<$<COMPILE_LANGUAGE:C>:-nostdinc>
    "$<$<COMPILE_LANGUAGE:C>:SHELL:-isystem ${compiler_include}>"
    "$<$<COMPILE_LANGUAGE:C>:SHELL:-isystem ${MUSL_INCLUDE}>"
    "$<$<COMPILE_LANGUAGE:C>:SHELL:-isystem ${library_headers}>"
    $<$<COMPILE_LANGUAGE:C>:-fstack-protector-strong>)
# Padding before functions and loops would be a twentieth of the image.
set(CMAKE_C_FLAGS_RELEASE "-O2 -fno-align-functions -fno-align-jumps -fno-align-loops -fno-align-labels")

bough_layer(base base)
bough_layer(store store)
bough_layer(backends backends)
bough_layer(merge merge)
bough_layer(sync sync)
bough_layer(server server)

# Drivers stand in the folder of what they are, on the buses of the kernel.
bough_layer(blockdev blockdev SEES kernel kernel/bus)
bough_layer(net net SEES kernel kernel/bus)
target_link_libraries(net PRIVATE lwip_headers)
file(GLOB kernel_sources CONFIGURE_DEPENDS kernel/*.c kernel/*.S kernel/bus/*.c)
bough_layer(kernel kernel SOURCES ${kernel_sources} SEES kernel/bus)
# The canary is made by this file itself, and a fault is reported even when it is broken.
set_source_files_properties(kernel/trap.c PROPERTIES COMPILE_OPTIONS -fno-stack-protector)

# image_elf(NAME OBJECTS...): links, refuses what must not be in an image, keeps symbols beside it.
set(link_script ${CMAKE_SOURCE_DIR}/kernel/image.ld)
function(image_elf name)
    add_executable(${name} ${ARGN} $<TARGET_OBJECTS:lwip>)
    set_target_properties(${name} PROPERTIES SUFFIX ".elf.debug" LINK_DEPENDS ${link_script})
    target_link_options(${name} PRIVATE -nostdlib -static -no-pie -Wl,-T,${link_script}
        -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,max-page-size=4096
        -Wl,--fatal-warnings -Wl,-Map,${CMAKE_BINARY_DIR}/${name}.map)
    target_link_libraries(${name} PRIVATE ${LIBZ} ${LIBDEFLATE} ${LIBB2} ${LIBBEARSSL} ${MUSL_LIBC})
    add_custom_command(TARGET ${name} POST_BUILD
        COMMAND sh ${CMAKE_SOURCE_DIR}/cmake/check-image.sh $<TARGET_FILE:${name}>
        COMMAND ${CMAKE_STRIP} -s -o ${name}.elf $<TARGET_FILE:${name}>
        COMMAND size ${name}.elf
        COMMAND ls -l ${name}.elf
        WORKING_DIRECTORY ${CMAKE_BINARY_DIR} VERBATIM)
endfunction()

add_library(boot_test_main OBJECT ${CMAKE_SOURCE_DIR}/tests/boot/main.c)
target_include_directories(boot_test_main PRIVATE ${CMAKE_SOURCE_DIR}/include)
target_compile_options(boot_test_main PRIVATE ${BOUGH_WARNINGS})
image_elf(boot_test $<TARGET_OBJECTS:boot_test_main> $<TARGET_OBJECTS:base>
    $<TARGET_OBJECTS:blockdev> $<TARGET_OBJECTS:net> $<TARGET_OBJECTS:kernel>)

if(EXISTS ${CMAKE_SOURCE_DIR}/server/boot_image.c)
    get_property(objects GLOBAL PROPERTY BOUGH_OBJECTS)
    image_elf(bough ${objects})
    add_custom_command(TARGET bough POST_BUILD
        COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_BINARY_DIR}/bough.elf
            ${CMAKE_BINARY_DIR}/../bough.elf VERBATIM)
endif()
