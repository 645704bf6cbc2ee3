/* SPDX-License-Identifier: MIT */
#include "tests/system/certificates.h"

#include <check.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DAY_S (24L * 3600)
#define REVOKED_MAX 8
#define VERSION_3 2 /* as X.509 counts */

struct authority {
    char directory[SCRATCH_PATH_SIZE];
    char path[SCRATCH_PATH_SIZE];
    X509 *certificate;
    EVP_PKEY *key;
    long serial;
    long revoked[REVOKED_MAX];
    int revoked_count;
};

/* --- parts ----------------------------------------------------------------*/

static void
path_of(char path[SCRATCH_PATH_SIZE], const char *directory, const char *name,
        const char *ending)
{
    char file[SCRATCH_PATH_SIZE];
    snprintf(file, sizeof(file), "%s%s", name, ending);
    scratch_join(path, directory, file);
}

static void
extend(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    ck_assert_msg(extension != NULL, "%s", value);
    ck_assert_int_eq(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static X509 *
new_certificate(EVP_PKEY *key, const char *name, long serial, long begins_s,
                long ends_s)
{
    X509 *certificate = X509_new();
    ck_assert_ptr_nonnull(certificate);
    X509_set_version(certificate, VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), begins_s);
    X509_gmtime_adj(X509_getm_notAfter(certificate), ends_s);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN",
                               MBSTRING_ASC, (const unsigned char *)name, -1,
                               -1, 0);
    ck_assert_int_eq(X509_set_pubkey(certificate, key), 1);
    return certificate;
}

static void
write_certificate(const char *path, X509 *certificate)
{
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(PEM_write_X509(file, certificate), 1);
    ck_assert_int_eq(fclose(file), 0);
}

/* --- authorities ----------------------------------------------------------*/

struct authority *
authority_new(const char *directory, const char *name)
{
    struct authority *authority = calloc(1, sizeof(*authority));
    ck_assert_ptr_nonnull(authority);
    memcpy(authority->directory, directory, strlen(directory) + 1);
    path_of(authority->path, directory, name, ".pem");
    authority->key = EVP_EC_gen("P-256");
    ck_assert_ptr_nonnull(authority->key);
    X509 *made = authority->certificate =
        new_certificate(authority->key, name, 1, -DAY_S, DAY_S);
    authority->serial = 2;
    X509_set_issuer_name(made, X509_get_subject_name(made));
    extend(made, made, NID_basic_constraints, "critical,CA:TRUE");
    extend(made, made, NID_key_usage, "critical,keyCertSign,cRLSign");
    extend(made, made, NID_subject_key_identifier, "hash");
    ck_assert_int_gt(X509_sign(made, authority->key, EVP_sha256()), 0);
    write_certificate(authority->path, made);
    return authority;
}

void
authority_free(struct authority *authority)
{
    X509_free(authority->certificate);
    EVP_PKEY_free(authority->key);
    free(authority);
}

const char *
authority_path(const struct authority *authority)
{
    return authority->path;
}

void
authority_write_revoked(struct authority *authority, const char *path)
{
    X509_CRL *list = X509_CRL_new();
    ASN1_TIME *begin = X509_gmtime_adj(NULL, -DAY_S);
    ASN1_TIME *end = X509_gmtime_adj(NULL, DAY_S);
    X509_CRL_set_version(list, 1);
    X509_CRL_set_issuer_name(list,
                             X509_get_subject_name(authority->certificate));
    X509_CRL_set1_lastUpdate(list, begin);
    X509_CRL_set1_nextUpdate(list, end);
    for (int i = 0; i < authority->revoked_count; i++) {
        X509_REVOKED *revoked = X509_REVOKED_new();
        ASN1_INTEGER *serial = ASN1_INTEGER_new();
        ASN1_INTEGER_set(serial, authority->revoked[i]);
        X509_REVOKED_set_serialNumber(revoked, serial);
        X509_REVOKED_set_revocationDate(revoked, begin);
        X509_CRL_add0_revoked(list, revoked);
        ASN1_INTEGER_free(serial);
    }
    X509_CRL_sort(list);
    ck_assert_int_gt(X509_CRL_sign(list, authority->key, EVP_sha256()), 0);
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(PEM_write_X509_CRL(file, list), 1);
    ck_assert_int_eq(fclose(file), 0);
    ASN1_TIME_free(begin);
    ASN1_TIME_free(end);
    X509_CRL_free(list);
}

/* --- certificates ---------------------------------------------------------*/

static void
write_key(const char *path, EVP_PKEY *key)
{
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(chmod(path, 0600), 0);
    ck_assert_int_eq(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL),
                     1);
    ck_assert_int_eq(fclose(file), 0);
}

static void
write_spki(char spki[65], EVP_PKEY *key)
{
    unsigned char *bytes = NULL, hash[EVP_MAX_MD_SIZE];
    int size = i2d_PUBKEY(key, &bytes);
    ck_assert_int_gt(size, 0);
    ck_assert_int_eq(
        EVP_Digest(bytes, (size_t)size, hash, NULL, EVP_sha256(), NULL), 1);
    for (size_t i = 0; i < 32; i++)
        snprintf(spki + 2 * i, 3, "%02x", hash[i]);
    OPENSSL_free(bytes);
}

void
certificate_make(struct authority *authority,
                 const struct certificate_wish *wish,
                 struct certificate *certificate)
{
    bool usual = wish->begins_s == 0 && wish->ends_s == 0;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    ck_assert_ptr_nonnull(key);
    long serial = authority->serial++;
    X509 *made = new_certificate(key, wish->name, serial,
                                 usual ? -DAY_S : wish->begins_s,
                                 usual ? DAY_S : wish->ends_s);
    X509_set_issuer_name(made, X509_get_subject_name(authority->certificate));
    extend(made, authority->certificate, NID_ext_key_usage, wish->purpose);
    if (wish->san != NULL)
        extend(made, authority->certificate, NID_subject_alt_name, wish->san);
    ck_assert_int_gt(X509_sign(made, authority->key, EVP_sha256()), 0);
    path_of(certificate->path, authority->directory, wish->name, ".pem");
    path_of(certificate->key, authority->directory, wish->name, ".key");
    write_certificate(certificate->path, made);
    write_key(certificate->key, key);
    write_spki(certificate->spki, key);
    if (wish->revoked) {
        ck_assert_int_lt(authority->revoked_count, REVOKED_MAX);
        authority->revoked[authority->revoked_count++] = serial;
    }
    X509_free(made);
    EVP_PKEY_free(key);
}
