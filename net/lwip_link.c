/* SPDX-License-Identifier: ISC
 *
 * lwip_link.c - lwIP's network interface over a frames port.
 *
 * Owns the netif and one frame's worth of memory, through which every frame is copied once.
 *   (1) A frame handed to lwIP has at least 60 bytes, padded with zeros: lwIP's etharp_input reads
 *       past shorter ones.
 *   (2) lwIP holds a netif from open to close, never longer.
 */
#include "lwip_parts.h"

#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "netif/ethernet.h"
#include <string.h>

#define MTU_MAX 9000u

/* A frame from lwIP to the wire; lwIP sends a segment again that did not go out. */
static err_t link_output(struct netif *netif, struct pbuf *packet)
{
    struct lwip_link *link = netif->state;
    const void *frame = packet->payload;
    size_t len = packet->tot_len;
    enum bough_err err;

    assert(link->frame != NULL);
    if (len < BOUGH_FRAME_HEADER_BYTES || len > link->frame_bytes)
        return ERR_BUF;
    if (packet->next != NULL) {
        u16_t copied = pbuf_copy_partial(packet, link->frame, packet->tot_len, 0);

        assert(copied == len);
        frame = link->frame;
    }
    err = bough_frames_send(link->frames, frame, len);
    return err == BOUGH_OK ? ERR_OK : err == BOUGH_NOT_READY ? ERR_MEM : ERR_IF;
}

/* Fills in the netif; lwIP calls it from netif_add. */
static err_t link_init(struct netif *netif)
{
    const struct lwip_link *link = netif->state;

    netif->name[0] = 'b';
    netif->name[1] = 'o';
    netif->hostname = "bough";
    netif->mtu = link->frames->mtu < MTU_MAX ? link->frames->mtu : MTU_MAX;
    netif->hwaddr_len = sizeof(link->frames->mac);
    memcpy(netif->hwaddr, link->frames->mac, sizeof(link->frames->mac));
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
    netif->output = etharp_output;
    netif->linkoutput = link_output;
    return ERR_OK;
}

/* The fixed address of a configuration, in lwIP's form. */
static enum bough_err parse_address(const struct bough_lwip_config *config, ip4_addr_t *address,
                                    ip4_addr_t *mask, ip4_addr_t *gateway)
{
    bool routed = config->gateway != NULL && config->gateway[0] != '\0';

    if (config->address == NULL || config->prefix_bits < 1 || config->prefix_bits > 32)
        return BOUGH_INVALID;
    if (!ip4addr_aton(config->address, address))
        return BOUGH_INVALID;
    if (routed && !ip4addr_aton(config->gateway, gateway))
        return BOUGH_INVALID;
    mask->addr = lwip_htonl(UINT32_MAX << (32u - config->prefix_bits));
    return BOUGH_OK;
}

enum bough_err lwip_link_open(struct lwip_link *link, struct bough_env *env,
                              struct bough_frames *frames, const struct bough_lwip_config *config)
{
    ip4_addr_t address = {0};
    ip4_addr_t mask = {0};
    ip4_addr_t gateway = {0};

    if (!config->dhcp)
        BOUGH_TRY(parse_address(config, &address, &mask, &gateway));
    *link = (struct lwip_link){.env = env, .frames = frames};
    link->frame_bytes = frames->mtu + (size_t)BOUGH_FRAME_HEADER_BYTES;
    if (link->frame_bytes < BOUGH_FRAME_BYTES_MIN || link->frame_bytes > UINT16_MAX)
        return BOUGH_INVALID;
    link->frame = bough_heap_take(env->heap, link->frame_bytes);
    if (link->frame == NULL)
        return BOUGH_NO_MEMORY;
    if (netif_add(&link->netif, &address, &mask, &gateway, link, link_init, ethernet_input) ==
        NULL) {
        bough_heap_give(env->heap, link->frame, link->frame_bytes);
        return BOUGH_NO_MEMORY;
    }
    netif_set_default(&link->netif);
    netif_set_link_up(&link->netif);
    netif_set_up(&link->netif);
    if (config->dhcp && dhcp_start(&link->netif) != ERR_OK) {
        lwip_link_close(link);
        return BOUGH_NO_MEMORY;
    }
    return BOUGH_OK;
}

/* One received frame of `len` bytes in link->frame.  Dropped where there is no memory: TCP sends
 * it again. */
static void pass_up(struct lwip_link *link, size_t len)
{
    struct pbuf *packet;

    assert(len >= BOUGH_FRAME_BYTES_MIN && len <= link->frame_bytes);
    packet = pbuf_alloc(PBUF_RAW, (u16_t)len, PBUF_RAM);
    if (packet == NULL)
        return;
    assert(packet->next == NULL && packet->len == len);
    memcpy(packet->payload, link->frame, len);
    if (link->netif.input(packet, &link->netif) != ERR_OK)
        (void)pbuf_free(packet);
}

enum bough_err lwip_link_poll(struct lwip_link *link, uint32_t count_max, uint32_t *count)
{
    enum bough_err err = BOUGH_OK;
    size_t len;

    assert(count_max > 0);
    for (*count = 0; *count < count_max; ++*count) {
        err = bough_frames_receive(link->frames, link->frame, link->frame_bytes, &len);
        if (err != BOUGH_OK)
            break;
        assert(len <= link->frame_bytes);
        if (len < BOUGH_FRAME_BYTES_MIN) {
            memset(link->frame + len, 0, BOUGH_FRAME_BYTES_MIN - len);
            len = BOUGH_FRAME_BYTES_MIN;
        }
        pass_up(link, len);
    }
    return err == BOUGH_NOT_READY ? BOUGH_OK : err;
}

void lwip_link_close(struct lwip_link *link)
{
    assert(link->frame != NULL);
    dhcp_release_and_stop(&link->netif);
    dhcp_cleanup(&link->netif);
    netif_remove(&link->netif);
    bough_heap_give(link->env->heap, link->frame, link->frame_bytes);
    link->frame = NULL;
}
