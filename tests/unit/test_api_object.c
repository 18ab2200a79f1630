/* SPDX-License-Identifier: ISC
 *
 * test_api_object.c - a store can be read through another's requests, object by object, and nothing
 * can be read that way but objects whose names are known.
 *
 * How: a service with something of everything in it; a walk that begins at the state and follows
 * tickets must meet as many objects as a dump has, each with bytes that hash to its name.
 */
#include "backup_setup.h"
#include "hash.h"
#include "host_service.h"
#include "name_set.h"
#include "object_links.h"
#include "peer_object.h"

static struct host_service host;

static struct peer_object reply_bytes; /* of the last reply, in `bytes` */
static uint8_t bytes[1u << 20];

static const char *ask(const char *target)
{
    return host_service_ask(&host, "GET", target, "", NULL);
}

/* Asks for an object and takes the reply apart. */
static int get(const struct bough_hash *name, const struct peer_object_ticket *ticket)
{
    char digits[2 * PEER_OBJECT_TICKET_BYTES + 1];
    char hex[2 * BOUGH_HASH_BYTES + 1];
    char target[256];
    const char *reply;
    size_t len;

    hash_hex(name, hex);
    if (ticket != NULL)
        peer_object_ticket_print(ticket, digits);
    (void)snprintf(target, sizeof(target), "/v1/admin/objects/%s%s%s", hex,
                   ticket != NULL ? "?at=" : "", ticket != NULL ? digits : "");
    reply = ask(target);
    if (host_service_status(reply) != 200)
        return host_service_status(reply);
    len = strtoul(host_service_field(reply, "Content-Length"), NULL, 10);
    assert_true(len <= sizeof(bytes));
    memcpy(bytes, host_service_body(reply), len);
    assert_int_equal(peer_object_read(bough_bytes_of(bytes, len), &reply_bytes), BOUGH_OK);
    return 200;
}

/* Asks for the state. */
static struct bough_root get_state(struct peer_object_ticket *own)
{
    const char *reply = ask("/v1/admin/objects");
    size_t len = strtoul(host_service_field(reply, "Content-Length"), NULL, 10);
    struct bough_root root;

    assert_int_equal(host_service_status(reply), 200);
    assert_int_equal(
        peer_object_read_state(bough_bytes_of(host_service_body(reply), len), &root, own),
        BOUGH_OK);
    return root;
}

struct todo {
    struct todo *next;
    struct bough_hash name;
    struct peer_object_ticket ticket;
};

/* Follows the tickets of the last reply. */
static void follow(struct todo **todo, struct name_set *seen, struct bough_arena *arena)
{
    struct object_links_item *items = NULL;
    uint32_t count;

    assert_int_equal(
        object_links((enum bough_kind)reply_bytes.kind, reply_bytes.bytes, arena, &items, &count),
        BOUGH_OK);
    assert_int_equal(count, reply_bytes.count);
    for (uint32_t i = 0; i < count; i++) {
        struct todo *one = bough_arena_zeros(arena, 1, sizeof(*one));
        uint32_t *number;
        bool is_new = false;

        one->ticket = peer_object_ticket_at(&reply_bytes, i);
        one->name = items[i].name;
        assert_int_equal(one->ticket.address == 0, bough_hash_is_none(&one->name));
        if (one->ticket.address != 0)
            assert_int_equal(name_set_add(seen, &one->name, &number, &is_new), BOUGH_OK);
        if (!is_new)
            continue;
        one->next = *todo;
        *todo = one;
    }
}

static void test_api_object__everything_can_be_read_from_the_state_on(void **unused)
{
    uint64_t seed = test_seed();
    struct bough_arena arena;
    struct backup_stream stream = {0};
    const struct bough_backup_dump_options options = {.write = backup_stream_write,
                                                      .context = &stream};
    struct bough_backup_report report;
    struct todo *todo;
    struct bough_root expected;
    struct name_set seen;
    uint64_t met = 0;

    (void)unused;
    host_service_begin(&host, NULL);
    arena = store_setup_arena();
    todo = bough_arena_zeros(&arena, 1, sizeof(*todo));
    backup_fill(host.service.store, 30, &seed, 70000);
    assert_int_equal(bough_store_sync(host.service.store), BOUGH_OK);
    assert_int_equal(bough_backup_dump(host.service.store, &options, &report), BOUGH_OK);
    name_set_init(&seen, host_env()->heap, 1 << 24);
    todo->name = get_state(&todo->ticket).state.name;
    expected = backup_root(host.service.store);
    assert_true(bough_hash_equal(&todo->name, &expected.state.name));
    while (todo != NULL) {
        struct todo *one = todo;
        struct bough_hash name;

        todo = one->next;
        assert_int_equal(get(&one->name, &one->ticket), 200);
        hash_of(reply_bytes.kind, reply_bytes.bytes, &name);
        assert_true(bough_hash_equal(&name, &one->name));
        follow(&todo, &seen, &arena);
        met++;
    }
    assert_true(met > report.object_count); /* the nodes of the state are in no dump */
    assert_true(met <= report.object_count + 20);
    name_set_release(&seen);
    bough_arena_release(&arena);
    host_service_end(&host);
    free(stream.at);
}

/* A service whose store holds some commits; its state, and the ticket that came with it. */
static struct bough_root begin_filled(uint64_t seed, struct bough_link *head,
                                      struct peer_object_ticket *own)
{
    host_service_begin(&host, NULL);
    backup_fill(host.service.store, 5, &seed, 3000);
    assert_int_equal(bough_store_sync(host.service.store), BOUGH_OK);
    *head = backup_head(host.service.store, "heads/main");
    return get_state(own);
}

static void test_api_object__commits_are_found_by_name_alone(void **unused)
{
    struct peer_object_ticket own;
    struct bough_hash none = {{0}};
    struct bough_link head;
    struct bough_root root;

    (void)unused;
    root = begin_filled(1, &head, &own);
    assert_int_equal(get(&head.name, NULL), 200);
    assert_int_equal(reply_bytes.kind, BOUGH_KIND_COMMIT);
    assert_int_equal(get(&head.name, &reply_bytes.own), 200);
    assert_int_equal(get(&root.state.name, &own), 200);
    root.state.name.at[0] ^= 1;
    assert_int_equal(get(&root.state.name, NULL), 404);
    assert_int_equal(get(&none, NULL), 400);
    assert_int_equal(host_service_status(ask("/v1/admin/objects/12ab")), 400);
    assert_int_equal(host_service_status(ask("/v1/admin/objects/?at=12ab")), 404);
    assert_int_equal(host_service_status(ask("/v1/admin/objects?at=12ab")), 400);
    host_service_end(&host);
}

static void test_api_object__a_ticket_that_was_not_handed_out_is_refused(void **unused)
{
    struct peer_object_ticket own;
    struct peer_object_ticket forged;
    struct bough_link head;
    struct bough_root root;

    (void)unused;
    root = begin_filled(2, &head, &own);
    assert_int_equal(get(&head.name, &own), 412); /* another name's */
    forged = own;
    forged.address = head.address;
    assert_int_equal(get(&head.name, &forged), 412);
    forged = own;
    forged.proof[7] ^= 1;
    assert_int_equal(get(&root.state.name, &forged), 412);
    host.service.peer_secret_made = false; /* as after a new start */
    (void)get_state(&forged);
    assert_int_equal(get(&root.state.name, &own), 412);
    assert_int_equal(get(&root.state.name, &forged), 200);
    host_service_end(&host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_api_object__everything_can_be_read_from_the_state_on),
        cmocka_unit_test(test_api_object__commits_are_found_by_name_alone),
        cmocka_unit_test(test_api_object__a_ticket_that_was_not_handed_out_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
