package dev.tallyhook.transaction;

import io.quarkus.hibernate.orm.panache.PanacheRepositoryBase;
import jakarta.enterprise.context.ApplicationScoped;

/** Reads the ledger. */
@ApplicationScoped
class Transactions implements PanacheRepositoryBase<Transaction, String> {}
