// Package chain holds nothing but the test of the whole way from a deal to the bank: engine, settlement, ledger, tax, batch and
// file agree with each other over random histories, whatever changes meanwhile.
package chain
