/* SPDX-License-Identifier: ISC
 *
 * lwipopts.h - how lwIP is built: no threads, raw API, IPv4 with TCP, ICMP, ARP and DHCP.
 *
 * lwIP reads these instead of its defaults (src/include/lwip/opt.h says what each one is).  All
 * memory comes from lwip_port.c, which bounds the sum; so no pool is sized here.
 */
#ifndef LWIP_LWIPOPTS_H
#define LWIP_LWIPOPTS_H

/* One thread polls; nothing of lwIP runs in an interrupt. */
#define NO_SYS               1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_SOCKET          0
#define LWIP_NETCONN         0
#define LWIP_STATS           0
#define LWIP_NETIF_LOOPBACK  0
#define LWIP_HAVE_LOOPIF     0
#define LWIP_SINGLE_NETIF    1
#define LWIP_HOOK_FILENAME   "lwip_hooks.h"
#define LWIP_HOOK_TCP_ISN    lwip_port_isn
#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, header, len, len_1, at_2, packet) \
    lwip_port_check(pcb, header)
#define LWIP_CHKSUM_ALGORITHM 3
#define sys_now               lwip_port_now

/* Memory. */
#define MEM_ALIGNMENT   16
#define MEM_LIBC_MALLOC 1
#define MEMP_MEM_MALLOC 1
#define mem_clib_malloc lwip_port_take
#define mem_clib_calloc lwip_port_zeros
#define mem_clib_free   lwip_port_give
#define LWIP_PBUF_REF_T u16_t
#define MEM_USE_POOLS   0
#define PBUF_LINK_HLEN  16

/* IPv4.  Fragments are refused: TCP never needs them, and reassembly is a way to eat memory. */
#define LWIP_IPV4           1
#define LWIP_IPV6           0
#define IP_FORWARD          0
#define IP_REASSEMBLY       0
#define IP_FRAG             0
#define LWIP_ICMP           1
#define LWIP_BROADCAST_PING 0
#define LWIP_MULTICAST_PING 0
#define LWIP_IGMP           0
#define LWIP_DNS            0
#define LWIP_RAW            0
#define LWIP_UDP            1
#define LWIP_ARP            1
#define ARP_TABLE_SIZE      32
#define ETHARP_SUPPORT_VLAN 0
#define LWIP_NETIF_HOSTNAME 1

/* DHCP; the address is used at once (the check by ARP would cost a second at each boot). */
#define LWIP_DHCP                1
#define LWIP_AUTOIP              0
#define LWIP_ACD                 0
#define DHCP_DOES_ARP_CHECK      0
#define LWIP_DHCP_DOES_ACD_CHECK 0

/* TCP.  A window of 128 KiB a connection; the timers tick at 20 and 40 ms, not at 250 and 500,
 * since loss costs a slow tick or more.  The shortest retransmission time-out that comes out of
 * lwIP's arithmetic is three slow ticks, 120 ms: longer than a peer's delayed acknowledgement. */
#define LWIP_TCP                   1
#define LWIP_TCP_RTO_TIME          1000
#define TCP_TMR_INTERVAL           20
#define TCP_MSL                    1000
#define TCP_MSS                    1460
#define LWIP_WND_SCALE             1
#define TCP_RCV_SCALE              2
#define TCP_WND                    (128 * 1024)
#define TCP_SND_BUF                (128 * 1024)
#define TCP_SND_QUEUELEN           (4 * TCP_SND_BUF / TCP_MSS)
#define TCP_SNDLOWAT               (32 * 1024)
#define TCP_SNDQUEUELOWAT          (TCP_SND_QUEUELEN / 2)
#define TCP_OVERSIZE               TCP_MSS
#define TCP_QUEUE_OOSEQ            1
#define TCP_OOSEQ_MAX_BYTES        TCP_WND
#define LWIP_TCP_SACK_OUT          1
#define LWIP_TCP_TIMESTAMPS        0
#define TCP_LISTEN_BACKLOG         1
#define TCP_DEFAULT_LISTEN_BACKLOG 64
#define LWIP_TCP_KEEPALIVE         0
#define LWIP_CHECKSUM_ON_COPY      1

#endif
