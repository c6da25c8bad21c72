"""Complaints and service work: workflow definitions and the one door that changes a ticket."""
