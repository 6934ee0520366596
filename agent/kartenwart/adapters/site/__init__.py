"""The site's certificate authority and this box's identity, kept in files."""

from kartenwart.adapters.site.server import ServerIdentity
from kartenwart.adapters.site.site import Site, SiteDamaged

__all__ = ["ServerIdentity", "Site", "SiteDamaged"]
