# build/bough: the command, and the process that serves a store.

find_library(LIBGIT2 git2 REQUIRED)
find_package(Threads REQUIRED)

bough_layer(cli cli SEES kernel/unix kernel DEFINES ${posix} _GNU_SOURCE
    $<$<TARGET_EXISTS:lwip>:BOUGH_LWIP>)
add_executable(bough $<TARGET_OBJECTS:cli>)
target_link_libraries(bough PRIVATE bough_all ${LIBGIT2} Threads::Threads)
install(TARGETS bough)
