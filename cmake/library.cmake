# build/libbough.a: one object, in which every name but bough_* is local, so that an embedder's names
# never meet ours; beside it bough.pc.

set(library_object ${CMAKE_BINARY_DIR}/bough.o)
add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/libbough.a
    COMMAND ${CMAKE_LINKER} -r -o ${library_object} $<TARGET_OBJECTS:base> $<TARGET_OBJECTS:store>
        $<TARGET_OBJECTS:backends> $<TARGET_OBJECTS:merge> $<TARGET_OBJECTS:sync>
        $<TARGET_OBJECTS:blockdev> $<TARGET_OBJECTS:unix>
    COMMAND ${CMAKE_OBJCOPY} -w --keep-global-symbol=bough_* ${library_object}
    COMMAND ${CMAKE_COMMAND} -E rm -f ${CMAKE_BINARY_DIR}/libbough.a
    COMMAND ${CMAKE_AR} rcs ${CMAKE_BINARY_DIR}/libbough.a ${library_object}
    DEPENDS base store backends merge sync blockdev unix
        $<TARGET_OBJECTS:base> $<TARGET_OBJECTS:store> $<TARGET_OBJECTS:backends>
        $<TARGET_OBJECTS:merge> $<TARGET_OBJECTS:sync> $<TARGET_OBJECTS:blockdev>
        $<TARGET_OBJECTS:unix>
    COMMAND_EXPAND_LISTS VERBATIM)
add_custom_target(libbough ALL DEPENDS ${CMAKE_BINARY_DIR}/libbough.a)

file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/bough.pc @ONLY CONTENT
"prefix=@CMAKE_INSTALL_PREFIX@
Name: bough
Description: a branchable, persistent key-value store
Version: @PROJECT_VERSION@
Cflags: -I\${prefix}/include
Libs: -L\${prefix}/lib -lbough
Libs.private: -l:libb2.a -lbearssl -l:libdeflate.a -lz
")
install(FILES ${CMAKE_BINARY_DIR}/libbough.a DESTINATION lib)
install(FILES ${CMAKE_BINARY_DIR}/bough.pc DESTINATION lib/pkgconfig)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/bough DESTINATION include)

# The examples use nothing but what an embedder has.
foreach(name embed device)
    add_executable(example_${name} ${CMAKE_SOURCE_DIR}/examples/${name}.c)
    target_include_directories(example_${name} PRIVATE ${CMAKE_SOURCE_DIR}/include)
    target_compile_options(example_${name} PRIVATE ${BOUGH_WARNINGS})
    target_link_libraries(example_${name} PRIVATE ${CMAKE_BINARY_DIR}/libbough.a ${LIBB2}
        ${LIBBEARSSL} ${LIBDEFLATE} ZLIB::ZLIB)
    add_dependencies(example_${name} libbough)
endforeach()
