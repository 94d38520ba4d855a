"""Files that come by mail and SFTP, kept in a folder of this installation and then read like any other."""
