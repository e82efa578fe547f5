"""Manufacturing quality on made-up production: is what was put in found, and nothing else?"""
