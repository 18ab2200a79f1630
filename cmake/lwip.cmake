# lwIP, compiled from the source tree in LWIP_DIR; nothing of it stands in this repository.
