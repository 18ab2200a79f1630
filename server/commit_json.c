/* SPDX-License-Identifier: ISC
 *
 * commit_json.c - a commit as JSON.
 *
 * Owns no data.  Times are there twice, once for people and once for programs: a zone's offset says
 * nothing about the moment, so the seconds alone tell which of two commits is the older one.
 */
#include "commit_json.h"
#include "date.h"

static void write_ident(struct json_write *json, const char *name, const struct bough_ident *ident)
{
    char date[DATE_ISO_BYTES];

    date_iso(ident->time_s, ident->zone_minutes, date);
    json_write_object(json, name);
    json_write_bytes(json, "name", ident->name);
    json_write_bytes(json, "email", ident->email);
    json_write_text(json, "time", date);
    json_write_signed(json, "time_s", ident->time_s);
    json_write_signed(json, "zone_minutes", ident->zone_minutes);
    json_write_end(json);
}

void commit_json_write(struct json_write *json, const struct bough_link *link,
                       const struct bough_commit *commit)
{
    json_write_object(json, NULL);
    json_write_hash(json, "commit", &link->name);
    json_write_array(json, "parents");
    for (uint32_t i = 0; i < commit->parent_count; i++)
        json_write_hash(json, NULL, &commit->parents[i].name);
    json_write_end(json);
    json_write_number(json, "generation", commit->generation);
    json_write_hash(json, "tree", &commit->tree.root.name);
    json_write_number(json, "keys", commit->tree.key_count);
    write_ident(json, "author", &commit->author);
    write_ident(json, "committer", &commit->committer);
    json_write_bytes(json, "message", commit->message);
    json_write_end(json);
}

enum bough_err commit_json_list(struct request *request, struct json_write *json,
                                commit_json_next *next, void *source, uint64_t *left)
{
    enum bough_err err = BOUGH_OK;

    while (*left > 0 && err == BOUGH_OK) {
        struct bough_arena scrap;
        struct bough_commit commit;
        struct bough_link link;

        bough_arena_init(&scrap, request->arena.heap, BOUGH_REQUEST_ARENA_BYTES_MAX);
        err = next(source, &scrap, &link, &commit);
        if (err == BOUGH_OK) {
            commit_json_write(json, &link, &commit);
            --*left;
        }
        bough_arena_release(&scrap);
    }
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}
