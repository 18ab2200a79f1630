# lwIP, compiled from the source tree in LWIP_DIR (cmake/get-lwip.sh fetches the distribution's);
# nothing of it stands in this repository.  net/lwip/ is its configuration.
#   lwip_headers  include directories for whoever calls lwIP
#   lwip          the objects
# Without a tree neither target exists: the tap binding and the image are then off.

if(LWIP_DIR AND NOT EXISTS ${LWIP_DIR}/src/core/tcp.c)
    message(STATUS "no lwIP in ${LWIP_DIR} (run cmake/get-lwip.sh): no tap binding, no image")
elseif(LWIP_DIR)
    # IPv4 with TCP, UDP (for DHCP), ARP and ICMP; what lwipopts.h switches off compiles to nothing.
    file(GLOB lwip_sources ${LWIP_DIR}/src/core/*.c ${LWIP_DIR}/src/core/ipv4/*.c)
    add_library(lwip_headers INTERFACE)
    target_include_directories(lwip_headers SYSTEM INTERFACE ${LWIP_DIR}/src/include)
    target_include_directories(lwip_headers INTERFACE ${CMAKE_SOURCE_DIR}/net/lwip)

    add_library(lwip OBJECT ${lwip_sources} ${LWIP_DIR}/src/netif/ethernet.c)
    target_link_libraries(lwip PRIVATE lwip_headers)
    # Not our code, so its warnings are not ours; signed shifts in tcp_in.c ask for -fwrapv.
    target_compile_options(lwip PRIVATE -w -fwrapv)
    file(GLOB lwip_changelog ${LWIP_DIR}/CHANGELOG)
    if(lwip_changelog)
        file(SHA256 ${LWIP_DIR}/src/core/tcp.c lwip_sum)
        message(STATUS "lwIP: ${LWIP_DIR} (src/core/tcp.c has SHA-256 ${lwip_sum})")
    endif()
endif()
